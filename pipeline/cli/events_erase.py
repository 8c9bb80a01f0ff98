"""The commands `segue events erase` and `segue events retain`."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, ConfigOption, SetOption, fail, load, storage_errors_reported

OutOption = Annotated[str, typer.Option(help="Directory of landed events.")]


def erase(
    listener: Annotated[list[str], typer.Option(help="Pseudonym of the listener.")],
    out: OutOption = "out/events",
    store: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=DIR", help="Another store, such as tables=out/sample."),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Remove a listener from landed events, dead letters and other stores, to the last byte.

    Example: segue events erase --listener 0123456789abcdef0123456789abcdef --out out/events
    """
    from listening import erasure
    from schema.status import EventsEraseStatus

    stores = {"events": out}
    for pair in store or ():
        name, sign, folder = pair.partition("=")
        if not sign or name not in erasure.ERASERS:
            fail(f"--store is NAME=DIR, NAME among {', '.join(erasure.ERASERS)}", USAGE)
        stores[name] = folder
    for folder in stores.values():
        _there(folder)
    with storage_errors_reported():
        removed = erasure.erase(stores, listener)
    for name, found in removed.items():
        told = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in found.items())
        typer.echo(f"Erased from {name} in {stores[name]}: {told}")
    if removed.get("slices", {}).get("records"):
        typer.echo(
            "Runs that read these slices keep records, examples and models of them: run again, "
            "then collect what is old with segue gc",
            err=True,
        )
    return EventsEraseStatus(status="ok", listeners=len(set(listener)), removed=removed)


def retain(
    days: Annotated[
        float | None,
        typer.Option(min=0.001, max=36_500, help="Days that stay; see events.retention_days."),
    ] = None,
    out: OutOption = "out/events",
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Remove hours of events, and dead letters, that are older than so many days.

    Example: segue events retain --days 90 --out out/events
    """
    from listening.events import erasing
    from schema.status import EventsRetainStatus

    kept = days if days is not None else _configured_days(config, settings)
    _there(out)
    with storage_errors_reported():
        removed = erasing.retain(out, kept, time.time_ns() // 1000)
    typer.echo(
        f"Removed {removed['events']:,} events and {removed['dead_letters']:,} dead letters of "
        f"more than {kept:g} days, in {removed['files']:,} files"
    )
    return EventsRetainStatus(
        status="ok",
        out=out,
        days=kept,
        events=removed["events"],
        dead_letters=removed["dead_letters"],
        files=removed["files"],
    )


def _configured_days(config: str | None, settings: list[str] | None) -> float:
    days = load(config, settings, data="-").events.retention_days
    if days is None:
        fail("say how long events stay: --days, or events.retention_days of a --config", USAGE)
    return days


def _there(folder: str) -> None:
    """A misspelled directory must not look like one without the listener."""
    if not os.path.isdir(folder):
        fail(f"there is no directory {folder}", USAGE)

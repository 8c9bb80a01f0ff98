"""The commands `segue events ...`."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import USAGE, fail

if TYPE_CHECKING:
    from listening.events import Source

app = typer.Typer(help="Events of listeners: land them in hourly Parquet.", no_args_is_help=True)


@app.command(cls=StatusCommand)
def land(
    out: Annotated[str, typer.Option(help="Directory of landed events.")] = "out/events",
    source: Annotated[
        str | None, typer.Option("--input", help="Directory of JSON lines, *.jsonl.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=5_000_000, help="Messages that land together at most.")
    ] = 100_000,
    every: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds until a message lands at the latest.")
    ] = 10.0,
    horizon: Annotated[
        float,
        typer.Option(
            "--horizon-days", min=0.001, max=3650, help="Days in which a copy is recognised."
        ),
    ] = 7.0,
    json: JsonOption = False,
) -> Status:
    """Land events in Parquet by the hour, each once, whatever is killed meanwhile.

    Example: segue events land --input out/sample/events --out out/events
    """
    from listening.events import LandingOptions
    from listening.events import land as land_events
    from schema.status import EventsLandStatus

    options = LandingOptions(batch=batch, every_seconds=every, horizon_days=horizon)
    notes: list[str] = []
    with _errors_told(), _stopped_by_signals() as stop:
        counts = land_events(
            out, _source(source, follow=follow), options, stop=stop, warn=notes.append
        )
    for note in notes:
        typer.echo(note, err=True)
    typer.echo(
        f"Read {counts.read:,}: {counts.landed:,} landed, {counts.duplicates:,} duplicates, "
        f"{counts.dead_letters:,} dead letters; {len(counts.hours):,} hours changed in {out}"
    )
    for reason, count in sorted(counts.refused.items()):
        typer.echo(f"  {count:,} refused: {reason}")
    return EventsLandStatus(
        status="ok",
        out=out,
        read=counts.read,
        landed=counts.landed,
        duplicates=counts.duplicates,
        dead_letters=counts.dead_letters,
        refused=dict(sorted(counts.refused.items())),
        hours=sorted(counts.hours),
        commits=counts.commits,
        notes=notes,
    )


def _source(folder: str | None, *, follow: bool) -> Source:
    from listening.events import DirectorySource

    if folder is None:
        fail("say where events come from: --input DIR", USAGE)
    return DirectorySource(folder, follow)


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    """Ends the command in plain words."""
    from listening.events import SourceError
    from schema.output_lock import InUseError

    try:
        yield
    except (SourceError, InUseError, ValueError, OSError) as error:
        fail(error)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set: what was read lands, then the command ends well."""
    stop = threading.Event()

    def end(*_: Any) -> None:
        stop.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [signal.signal(each, end) for each in signals]
    try:
        yield stop
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)

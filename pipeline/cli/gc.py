"""The command `segue gc`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import rich.filesize
import typer

from pipeline.cli.known import OutOption, errors_reported, places
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import ConfigOption, SetOption, fail

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig
    from schema.status import Collectable


def gc(
    out: OutOption = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Newest runs and versions that stay; see gc.runs."),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete; without it, say what would be deleted.")
    ] = False,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Delete what old runs left, never what is served, blessed last or used by the last run.

    Example: segue gc --out out --keep 3 --delete
    """
    number = [] if keep is None else [f"gc.runs={keep}", f"gc.versions={keep}"]
    loaded = places(out, config, [*(settings or []), *number])
    from pipeline.lifecycle import catalogue, collection
    from pipeline.runners import plain_paths
    from schema import output_lock
    from schema.status import GcStatus

    with errors_reported(), contextlib.ExitStack() as held:
        catalogue.check(loaded)  # before a lock makes anything
        if delete:
            held.enter_context(_alone(loaded))
        known = catalogue.read(loaded, writes=delete)
        decided = collection.plan(
            loaded, known.records, known.released, plain_paths.plain(loaded.out)
        )
        busy = None if delete else output_lock.holder(loaded.out)
        if delete:
            collection.carry_out(decided, known.store)
    verb = "Deleted" if delete else "Would delete"
    _show(verb, decided.collected, loaded.out)
    _show("Kept", decided.kept, loaded.out)
    typer.echo(
        f"{verb} {len(decided.collected)} of {len(decided.collected) + len(decided.kept)}, "
        f"which frees {rich.filesize.decimal(decided.freed)}."
        + ("" if delete or not decided.collected else " --delete does it.")
    )
    if busy:
        typer.echo(f"{loaded.out} is in use by {busy}: this may change.", err=True)
    if loaded.storage:
        typer.echo(f"What lies in {loaded.storage} is left alone.", err=True)
    return GcStatus(
        status="ok",
        out=loaded.out,
        deleted=delete,
        collected=decided.collected,
        kept=decided.kept,
        freed=decided.freed,
        busy=busy,
    )


@contextlib.contextmanager
def _alone(config: PipelineConfig) -> Iterator[None]:
    """While it deletes, nobody runs here and nobody releases."""
    from schema import locks, output_lock
    from schema.layout import Layout
    from serving.release import lock_path

    record = config.release_record or Layout.under(config.out).releases
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(output_lock.taken(config.out, "segue gc"))
            lock = lock_path(record)
            if "://" not in record and lock.parent.is_dir():
                held.enter_context(locks.held(lock, "segue gc"))
        except (output_lock.InUseError, locks.LockedError) as error:
            fail(error)
        yield


def _show(title: str, found: list[Collectable], out: str) -> None:
    root = os.path.realpath(out)
    for reason in dict.fromkeys(one.reason for one in found):
        typer.secho(f"{title}: {reason}", bold=True)
        for one in found:
            if one.reason == reason:
                path = os.path.relpath(one.path, root)
                typer.echo(f"  {rich.filesize.decimal(one.size):>10}  {path}")

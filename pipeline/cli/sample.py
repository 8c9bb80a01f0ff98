"""The command `segue sample`, and `segue sample respond` below it."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.sample_respond import respond
from pipeline.cli.status_line import JsonOption, Status, StatusCommand, StatusGroup
from pipeline.cli.support import fail

app = typer.Typer(cls=StatusGroup, invoke_without_command=True)
app.command(cls=StatusCommand)(respond)


@app.callback()
def sample(
    context: typer.Context,
    playlists: Annotated[int, typer.Option(min=1, max=10**9, help="How many playlists.")] = 2000,
    listeners: Annotated[
        int, typer.Option(min=0, max=10**7, help="How many listeners; with some there are events.")
    ] = 0,
    days: Annotated[int, typer.Option(min=1, max=366, help="For how many days they listen.")] = 14,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="The same seed writes the same bytes.")
    ] = 7,
    output: Annotated[str, typer.Option(help="Directory for the slices.")] = "out/sample",
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes to share the work.")] = 1,
    json: JsonOption = False,
) -> Status | None:
    """Write synthetic playlists in the format of the Million Playlist Dataset.

    With listeners, their events, tables of tracks and follows, and the truth about it all too.

    Example: segue sample --playlists 2000 --listeners 2000 --seed 7 --output out/sample
    """
    if context.invoked_subcommand:
        return None

    from sample.generator import write_slices
    from sample.listeners import WorldSize, write_world
    from schema.files import check_directory
    from schema.output_lock import InUseError
    from schema.status import SampleStatus

    try:
        check_directory(output)
        files = write_slices(output, playlists, seed, workers=workers)
        typer.echo(f"Wrote {playlists:,} playlists to {len(files)} slices in {output}")
        written = SampleStatus(status="ok", output=output, playlists=playlists, slices=len(files))
        if not listeners:
            return written
        found = write_world(output, WorldSize(playlists, listeners, days, seed))
    except (InUseError, OSError, ValueError) as error:
        fail(error)
    typer.echo(
        f"Wrote {found['messages']:,} messages of {listeners:,} listeners in {days} days: "
        f"{found['unique']:,} events, {found['duplicates']:,} copies, "
        f"{sum(found['malformed'].values()):,} that are malformed"
    )
    return written.model_copy(update={**found, "days": days})

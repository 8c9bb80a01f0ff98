"""The command `segue sample`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import fail


def sample(
    playlists: Annotated[int, typer.Option(min=1, max=10**9, help="How many playlists.")] = 2000,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="The same seed writes the same bytes.")
    ] = 7,
    output: Annotated[str, typer.Option(help="Directory for the slices.")] = "out/sample",
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes to share the work.")] = 1,
    json: JsonOption = False,
) -> Status:
    """Write synthetic playlists in the format of the Million Playlist Dataset.

    Example: segue sample --playlists 2000 --seed 7 --output out/sample
    """
    from sample.generator import write_slices
    from schema.files import check_directory
    from schema.status import SampleStatus

    try:
        check_directory(output)
        files = write_slices(output, playlists, seed, workers=workers)
    except (OSError, ValueError) as error:
        fail(error)
    typer.echo(f"Wrote {playlists:,} playlists to {len(files)} slices in {output}")
    return SampleStatus(status="ok", output=output, playlists=playlists, slices=len(files))

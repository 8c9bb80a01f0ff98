"""The command `segue recommend`."""

from __future__ import annotations

from typing import Annotated

import rich.console
import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, fail, show_left_out


def recommend(
    model: Annotated[str, typer.Option(help="A SavedModel, or a base directory of versions.")],
    challenge: Annotated[str, typer.Option(help="challenge_set.json, gzipped, zipped or plain.")],
    output: Annotated[
        str, typer.Option(help="The CSV file to write, gzipped where it ends in .gz; - for stdout.")
    ],
    fall_back: Annotated[
        bool, typer.Option(help="Take an older version where the newest is not whole.")
    ] = False,
    team: Annotated[str, typer.Option(help="The team's name, in the first line.")] = "segue",
    email: Annotated[
        str, typer.Option(help="The team's address, in the first line.")
    ] = "segue@example.com",
    json: JsonOption = False,
) -> Status:
    """Write batch recommendations in the RecSys Challenge 2018's submission format.

    Example: segue recommend --model out/serving/segue --challenge challenge_set.json --output s.csv
    """
    import tempfile

    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from components.ingest.errors import IngestError
    from evaluation.submission import SubmissionError, Team
    from pipeline import recommend as batch
    from pipeline.console import log_capture
    from schema import files
    from schema.status import RecommendStatus

    aside = output == files.STANDARD_OUTPUT  # messages go elsewhere than the submission
    if json and aside:
        fail("--json and --output - both want standard output: name a file.", USAGE)
    try:
        who = Team(team, email)
    except SubmissionError as error:
        fail(f"--{error}", USAGE)
    models: list[str] = []
    try:
        # TensorFlow's messages help no user of this command.
        with (
            files.replacing_or_stdout(output) as target,
            tempfile.TemporaryDirectory() as folder,
            log_capture.console_apart(f"{folder}/log") as shown,
        ):
            columns = TextColumn("{task.completed:,} playlists"), TimeElapsedColumn()
            with Progress(
                *columns,
                console=rich.console.Console(file=shown),
                transient=True,
                disable=aside,
            ) as progress:
                task = progress.add_task("", total=None)
                result, seeds = batch.recommend(
                    model,
                    challenge,
                    target,
                    lambda done: progress.update(task, completed=done),
                    who,
                    fall_back=fall_back,
                    chosen=models.append,
                )
    except (OSError, ValueError, IngestError) as error:
        fail(error)
    if models[0] != model:  # a version of a base directory
        typer.echo(f"The model is {models[0]}", err=aside)
    typer.echo(f"Wrote {result.playlists:,} playlists to {output}", err=aside)
    if result.short:
        text = f"  {result.short:,} have fewer than 500 tracks: the catalogue holds no more"
        typer.echo(text, err=aside)
    if seeds.known is not None and seeds.total:
        typer.echo(f"  {seeds.known:,} of {seeds.total:,} seeds known by the model", err=aside)
    if seeds.strange:
        text = f"  {seeds.strange:,} with no known seed: by their title, or by what is popular"
        typer.echo(text, err=aside)
    show_left_out(dict(sorted(seeds.left_out.items())), err=aside)
    return RecommendStatus(
        status="ok",
        output=output,
        playlists=result.playlists,
        short=result.short,
        seeds=seeds.total,
        seeds_known=seeds.known,
        no_seed_known=seeds.strange,
        left_out=dict(seeds.left_out),
    )

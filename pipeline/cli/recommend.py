"""The command `segue recommend`, and `segue recommend show` below it."""

from __future__ import annotations

from typing import Annotated

import rich.console
import typer

from pipeline.cli import recommend_listeners
from pipeline.cli.features import FeaturesOption
from pipeline.cli.recommend_listeners import DayOption, OutOption
from pipeline.cli.status_line import JsonOption, Status, StatusCommand, StatusGroup
from pipeline.cli.support import USAGE, fail, show_left_out

app = typer.Typer(cls=StatusGroup, invoke_without_command=True)
app.command(cls=StatusCommand)(recommend_listeners.show)


@app.callback()
def recommend(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Option(help="A SavedModel, or a base directory of versions.")
    ] = None,
    challenge: Annotated[
        str | None, typer.Option(help="challenge_set.json, gzipped, zipped or plain.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(help="The CSV file to write, gzipped where it ends in .gz; - for stdout."),
    ] = None,
    fall_back: Annotated[
        bool, typer.Option(help="Take an older version where the newest is not whole.")
    ] = False,
    team: Annotated[str, typer.Option(help="The team's name, in the first line.")] = "segue",
    email: Annotated[
        str, typer.Option(help="The team's address, in the first line.")
    ] = "segue@example.com",
    listeners: Annotated[
        str | None,
        typer.Option(help="Table of listeners who get lists for a day, in place of --challenge."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(metavar="SEGMENT=DIR", help="The model of a segment, in place of --model."),
    ] = None,
    features: FeaturesOption = "out/features",
    tracks: Annotated[str | None, typer.Option(help="Table of tracks; listeners need it.")] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="File of a policy, or folder of some; configs/policies by default."),
    ] = None,
    blocklist: Annotated[
        str | None,
        typer.Option(help="Tracks and artists that nobody is shown, a URI a line."),
    ] = None,
    day: DayOption = None,
    out: OutOption = "out/recommendations",
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that share the listeners.")
    ] = 1,
    json: JsonOption = False,
) -> Status | None:
    """Write lists for listeners, a day at a time, or a submission for the RecSys Challenge 2018.

    Example: segue recommend --model out/serving/segue --listeners out/features/segments
    --tracks out/sample/tracks.parquet --out out/recommendations
    """
    if context.invoked_subcommand:
        return None
    if (challenge is None) == (listeners is None):
        fail("give either --challenge or --listeners", USAGE)
    if listeners is not None:
        return recommend_listeners.run(
            listeners,
            out,
            features,
            tracks,
            recommend_listeners.Wanted(model, models or [], policy or [], blocklist, day, workers),
        )
    if model is None or challenge is None or output is None:
        fail("--challenge needs --model and --output", USAGE)
    return _submission(model, challenge, output, fall_back, (team, email), json)


def _submission(
    model: str, challenge: str, output: str, fall_back: bool, team: tuple[str, str], json: bool
) -> Status:
    """Writes a submission."""
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
        who = Team(*team)
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

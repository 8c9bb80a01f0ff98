"""The `segue` command."""

from __future__ import annotations

import os
import pathlib
import warnings
from typing import Annotated

import rich.console
import typer

from pipeline import __version__
from pipeline.cli import compare as cli_compare
from pipeline.cli import serving as cli_serving
from pipeline.cli.support import FAILURE, ConfigOption, SetOption, fail, load

app = typer.Typer(
    name="segue",
    help="Playlist continuation on TensorFlow Extended: from playlists in JSON to a served model.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Example: segue run --data out/sample --out out. "
    "segue COMMAND --help shows each command's own.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"segue {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Told once here, since every process that loads TensorFlow under this one inherits it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Google's packages warn of Python 3.10 at every import.
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")


@app.command()
def sample(
    playlists: Annotated[int, typer.Option(min=1, help="How many playlists.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same bytes.")] = 7,
    output: Annotated[str, typer.Option(help="Directory for the slices.")] = "out/sample",
    workers: Annotated[int, typer.Option(min=1, help="Processes to share the work.")] = 1,
) -> None:
    """Write synthetic playlists in the format of the Million Playlist Dataset.

    Example: segue sample --playlists 2000 --seed 7 --output out/sample
    """
    from sample.generator import write_slices

    try:
        files = write_slices(output, playlists, seed, workers=workers)
    except (OSError, ValueError) as error:
        fail(error)
    typer.echo(f"Wrote {playlists:,} playlists to {len(files)} slices in {output}")


@app.command()
def ingest(
    source: Annotated[str, typer.Option("--input", help="Slices: directory, file or pattern.")],
    output: Annotated[str, typer.Option(help="Directory for TFRecords and rejects.")],
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    """Turn MPD slices into TFRecords, setting unusable records aside.

    Example: segue ingest --input 'mpd/data/*.json' --output out/tfrecords
    """
    from components.ingest.job import ingest as run_ingest
    from pipeline.console import log_capture

    loaded = load(config, settings, data=source)
    log = os.path.join(output, "ingest.log") if "://" not in output else "ingest.log"
    try:
        with log_capture.console_apart(log):
            result = run_ingest(
                source,
                output,
                shards=loaded.ingest.shards,
                max_reject_share=loaded.ingest.max_reject_share,
                beam_pipeline_args=list(loaded.beam.pipeline_args),
            )
    except (RuntimeError, ValueError, OSError) as error:
        fail(f"{error}\nThe log is {log}")
    done = "Unchanged" if result.skipped else "Wrote"
    typer.echo(f"{done}: {result.playlists:,} playlists with {result.tracks:,} tracks in {output}")
    for reason, count in result.rejects.items():
        typer.echo(f"  {count:,} rejected: {reason}")


@app.command()
def run(
    data: Annotated[str, typer.Option(help="Slices: directory, file or pattern.")],
    out: Annotated[
        str | None,
        typer.Option(help="Directory for everything that the run writes; out by default."),
    ] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    """Run the whole pipeline: ingest, validate, train, evaluate, bless, push, report.

    Example: segue run --data out/sample --out out --set split.eval=5 --set seed=3
    """
    loaded = load(config, settings, data=data, out=out)
    from pipeline.runners import local

    try:
        local.run(loaded)
    except local.RunFailedError:
        raise typer.Exit(FAILURE) from None
    except OSError as error:
        fail(f"Cannot write to {loaded.out}: {error.strerror or error}")
    except KeyboardInterrupt:
        fail("Interrupted.")


@app.command()
def recommend(
    model: Annotated[str, typer.Option(help="A SavedModel, or a base directory of versions.")],
    challenge: Annotated[str, typer.Option(help="challenge_set.json, which may be gzipped.")],
    output: Annotated[str, typer.Option(help="The CSV file to write.")],
) -> None:
    """Write batch recommendations in the RecSys Challenge 2018's submission format.

    Example: segue recommend --model out/serving/segue --challenge challenge_set.json --output s.csv
    """
    import tempfile

    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from components.ingest.errors import IngestError
    from pipeline import recommend as batch
    from pipeline.console import log_capture

    try:
        # TensorFlow's chatter is of no use to anybody here.
        with (
            tempfile.TemporaryDirectory() as folder,
            log_capture.console_apart(f"{folder}/log") as shown,
        ):
            columns = TextColumn("{task.completed:,} playlists"), TimeElapsedColumn()
            with Progress(
                *columns, console=rich.console.Console(file=shown), transient=True
            ) as progress:
                task = progress.add_task("", total=None)
                result = batch.recommend(
                    model, challenge, output, lambda done: progress.update(task, completed=done)
                )
    except (OSError, ValueError, IngestError) as error:
        fail(error)
    typer.echo(f"Wrote {result.playlists:,} playlists to {output}")
    if result.short:
        typer.echo(f"  {result.short:,} have fewer than 500 tracks: the catalogue holds no more")


@app.command()
def report(
    out: Annotated[str, typer.Option(help="The directory of a run.")] = "out",
) -> None:
    """Rebuild the HTML report of a run.

    Example: segue report --out out
    """
    from report.build import build_report
    from report.loading import ReportError

    try:
        typer.echo(build_report(pathlib.Path(out) / "report"))
    except (OSError, ReportError) as error:
        fail(error)


@app.command(name="config")
def show_config(
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    """Print the whole configuration as a run would use it, defaults included.

    Example: segue config --set models.als.factors=64
    """
    from pipeline.overrides import describe

    loaded = load(config, settings, data="DIR")
    values = loaded.model_dump(mode="json")
    values["models"] = {family: loaded.family_params(family) for family in loaded.families}
    typer.echo(describe(values), nl=False)


cli_compare.register(app)
cli_serving.register(app)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="segue")


if __name__ == "__main__":
    main()

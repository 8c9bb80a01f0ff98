"""The `segue` command: puts the commands together."""

from __future__ import annotations

import os
import warnings
from typing import Annotated

import typer

from pipeline import __version__, neighbours, object_stores
from pipeline.cli.boundary import errors_told
from pipeline.cli.compare import compare
from pipeline.cli.config import config
from pipeline.cli.demo import demo
from pipeline.cli.events import app as events
from pipeline.cli.features import app as features
from pipeline.cli.gateway import gateway
from pipeline.cli.gc import gc
from pipeline.cli.home import HomeGroup, PathCommand
from pipeline.cli.ingest import ingest
from pipeline.cli.lineage import lineage
from pipeline.cli.preflight import preflight
from pipeline.cli.query import query
from pipeline.cli.recommend import app as recommend
from pipeline.cli.registry import app as registry
from pipeline.cli.release import app as release
from pipeline.cli.report import report
from pipeline.cli.run import run
from pipeline.cli.runs import runs
from pipeline.cli.sample import app as sample
from pipeline.cli.schedule import app as schedule
from pipeline.cli.segments import app as segments
from pipeline.cli.serve import serve
from pipeline.cli.skew import skew
from pipeline.cli.status_line import StatusCommand
from pipeline.cli.submit import app as submit

app = typer.Typer(
    name="segue",
    cls=HomeGroup,
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
        if shared := neighbours.told():
            typer.echo(shared, err=True)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Set once here, since every process that loads TensorFlow under this one inherits it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Google's packages warn of Python 3.10 at every import.
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")


_COMMANDS = (
    *(ingest, run, report, config, compare, query, skew, preflight),
    *(runs, lineage, gc),
)
for _command in _COMMANDS:
    app.command(cls=StatusCommand)(_command)
# These run until someone ends them, and come to nothing.
for _server in (serve, gateway, demo):
    app.command(cls=PathCommand)(_server)
app.add_typer(recommend, name="recommend")
app.add_typer(sample, name="sample")
app.add_typer(events, name="events")
app.add_typer(features, name="features")
app.add_typer(segments, name="segments")
app.add_typer(release, name="release")
app.add_typer(registry, name="registry")
app.add_typer(submit, name="submit")
app.add_typer(schedule, name="schedule")


def main() -> None:
    """Entry point of the console script."""
    try:
        with errors_told():
            app(prog_name="segue")
    except SystemExit as ended:
        if isinstance(ended.code, int):
            object_stores.end(ended.code)
        raise

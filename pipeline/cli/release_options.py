"""What the commands of `segue release` share: options, and the manager of a server."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.support import fail, serving_errors_reported
from schema.layout import Layout

if TYPE_CHECKING:
    from serving.release import ReleaseManager

ModelBaseOption = Annotated[str, typer.Option(help="Directory of versions, as the server sees it.")]
ModelConfigOption = Annotated[
    str, typer.Option(help="The server's model configuration file, which is rewritten.")
]
MetricsOption = Annotated[
    str | None,
    typer.Option(help="metrics.json of the run it came from; found if it lies beside."),
]
OverwriteOption = Annotated[
    bool,
    typer.Option(
        help="Rewrite a configuration file that was written by hand: comments, version policy and "
        "base path are lost; labels and other models stay."
    ),
]


@contextlib.contextmanager
def opened_manager(
    target: str,
    model_base: str,
    model_config_file: str,
    model_name: str,
    tls_ca: str | None,
    overwrite: bool = False,
) -> Iterator[ReleaseManager]:
    """A manager, whose errors end the command in plain words."""
    from serving.client import ClientTls, ConnectionOptions
    from serving.release import ReleaseManager

    with serving_errors_reported():
        options = ConnectionOptions(tls=ClientTls.from_files(ca=tls_ca) if tls_ca else None)
        with ReleaseManager(
            target,
            model_base,
            model_config_file,
            model=model_name,
            options=options,
            overwrite=overwrite,
            notify=lambda text: typer.echo(text, err=True),
        ) as manager:
            try:
                yield manager
            except OSError as error:  # another command has its turn, or a file cannot be written
                fail(error)


def measured(
    metrics: str | None, model_base: str, version: int | None
) -> tuple[str, dict[str, float] | None]:
    """Where a version's metrics are, "" where that is not known, and what they are."""
    from serving.release import read_metrics

    path = metrics or metrics_of(model_base, version)
    return (path, read_metrics(path)) if path else ("", None)


def metrics_of(model_base: str, version: int | None) -> str | None:
    """The metrics.json of the run that pushed the version, where it still lies beside it."""
    from schema.documents import METRICS_FILE, RunMetrics, parse

    out = pathlib.Path(model_base).resolve().parent.parent
    path = pathlib.Path(Layout.under(str(out)).report, METRICS_FILE)
    if version is None or not path.is_file():
        return None
    metrics, _ = parse(RunMetrics, path.read_bytes(), METRICS_FILE)
    return str(path) if metrics.pushed_version == str(version) else None

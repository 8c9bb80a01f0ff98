"""The command `segue skew`."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import rich.console
import rich.table
import rich.text
import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import (
    USAGE,
    ConfigOption,
    SetOption,
    check_encoded,
    fail,
    load,
    serving_errors_reported,
)
from schema.layout import MODEL_NAME, Layout

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig
    from pipeline.skew import Found


class NoStatisticsError(ValueError):
    """There are no statistics of train."""


def skew(
    logs: Annotated[str, typer.Option(help="Request log: a file, a pattern or a directory.")],
    before: Annotated[
        str | None,
        typer.Option(help="An earlier log to compare with; else the log's own first half."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Directory of the run whose model is served.")
    ] = None,
    statistics: Annotated[
        str | None, typer.Option(help="TFDV's statistics of train; else those that OUT keeps.")
    ] = None,
    model_base: Annotated[
        str | None, typer.Option(help="Directory of versions; else that of OUT.")
    ] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Set a log of served requests against what the model was trained on.

    Example: segue skew --logs 'logs/segue-*' --out out --set skew.unknown_seeds=0.05
    """
    loaded = load(config, settings, data="DIR", out=out)
    check_encoded("--out", loaded.out)
    check_encoded("--statistics", statistics)
    from pipeline.console import log_capture
    from pipeline.skew import LogNotFoundError

    place = Layout.under(loaded.storage or loaded.out)
    base = model_base or place.serving
    try:
        with (
            serving_errors_reported(),
            _work(loaded) as (local, work),
            log_capture.console_apart(os.path.join(local, "log")),
        ):
            train = _train(statistics, place.passed)
            found = _find(logs, before, train, base, place, loaded, work)
    except (LogNotFoundError, NoStatisticsError) as error:
        fail(error, USAGE)
    except (RuntimeError, OSError) as error:  # of Beam, or of a store
        fail(error)
    _show(found, loaded)
    return _status(logs, before, found)


def _find(
    logs: str,
    before: str | None,
    train: Any,
    base: str,
    place: Layout,
    loaded: PipelineConfig,
    work: str,
) -> Found:
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline import beam_args
    from pipeline.skew import find_skew

    record = loaded.release_record or place.releases
    served, released = _served(base, record)
    return find_skew(
        logs,
        before,
        train,
        model_base=base,
        served=served,
        released=released,
        options=loaded.skew,
        beam_options=PipelineOptions(beam_args.on_this_machine(loaded, "StatisticsGen")),
        work=work,
    )


@contextlib.contextmanager
def _work(loaded: PipelineConfig) -> Iterator[tuple[str, str]]:
    """A local directory, and one that Beam's workers reach."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        if loaded.storage is None:
            yield folder, folder
            return
        shared = f"{loaded.storage.rstrip('/')}/skew-{uuid.uuid4().hex}"
        try:
            yield folder, shared
        finally:
            if tf.io.gfile.exists(shared):
                tf.io.gfile.rmtree(shared)


def _train(path: str | None, passed: str) -> Any:
    """The statistics of train.

    Raises:
        NoStatisticsError: there are none.
    """
    import tensorflow as tf
    import tensorflow_data_validation as tfdv
    from google.protobuf.message import DecodeError
    from google.protobuf.text_format import ParseError

    from components.data_gate import reference

    if path is None:
        found = reference.latest(passed)
        if found is None:
            raise NoStatisticsError(
                f"{passed} holds no statistics: --out names the directory of a run, or "
                "--statistics a file"
            )
        return found
    try:
        try:
            found = tfdv.load_stats_binary(path)
        except DecodeError:
            found = tfdv.load_statistics(path)
    except (OSError, tf.errors.OpError, ParseError, UnicodeDecodeError) as error:
        raise NoStatisticsError(f"{path} holds no statistics of TFDV: {error}") from error
    if not found.datasets:
        raise NoStatisticsError(f"{path} holds no statistics of TFDV")
    return found


def _served(base: str, record: str) -> tuple[set[int], int]:
    """The versions that servers have now (stable and canary, or the newest), and since when."""
    from serving.release import look

    found = look(base, record, MODEL_NAME)
    if found.release is None:
        return set() if found.version is None else {found.version}, 0
    at = datetime.datetime.fromisoformat(found.release.at).timestamp()
    return set(found.release.labels.values()), int(at)


def _show(found: Found, loaded: PipelineConfig) -> None:
    counts = found.counts
    typer.echo(
        f"{counts.playlists:,} playlists in {counts.records:,} records of {counts.files:,} files"
    )
    for reason, count in counts.broken.items():
        typer.echo(f"  {count:,} set aside: {reason.replace('_', ' ')}")
    table = rich.table.Table("", "found", "train", "alarm above", "", "", box=None, pad_edge=False)
    for measure in found.measures:
        cells = (
            measure.key.replace("_", " "),
            _number(measure.value),
            _number(measure.reference),
            _number(measure.threshold),
            "ALARM" if measure.alarm else "",
            measure.detail,
        )
        style = "bold red" if measure.alarm else ""
        table.add_row(*(rich.text.Text(cell, style) for cell in cells))
    rich.console.Console().print(table)
    least = loaded.skew.min_playlists
    if counts.playlists < least:
        typer.echo(f"Fewer than {least:,} playlists (skew.min_playlists): no alarm but for records")
    elif min(found.playlists) < least:
        typer.echo(f"A period has fewer than {least:,} playlists (skew.min_playlists): no drift")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _status(logs: str, before: str | None, found: Found) -> Status:
    from schema.status import SkewStatus

    alarms = [measure.key for measure in found.measures if measure.alarm]
    counts = found.counts
    status = SkewStatus(
        status="alarm" if alarms else "ok",
        logs=logs,
        before=before,
        records=counts.records,
        playlists=counts.playlists,
        earlier_playlists=found.playlists[0],
        requests=dict(counts.kinds),
        broken=dict(counts.broken),
        measures=list(found.measures),
        versions=list(found.versions),
    )
    if alarms:
        fail(f"{len(alarms)} alarm{'s' * (len(alarms) > 1)}: {', '.join(alarms)}", status=status)
    return status

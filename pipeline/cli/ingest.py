"""The command `segue ingest`."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import ConfigOption, SetOption, fail, load, plain, sentence, show_left_out

if TYPE_CHECKING:
    from components.ingest.manifest import IngestResult
    from pipeline.config import PipelineConfig


def ingest(
    source: Annotated[
        str, typer.Option("--input", help="Slices: directory, file, pattern or zip.")
    ],
    output: Annotated[str, typer.Option(help="Directory for TFRecords and rejects.")],
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Turn MPD slices into TFRecords, setting unusable records aside.

    Example: segue ingest --input 'mpd/data/*.json' --output out/tfrecords
    """
    from pipeline import source_hash
    from pipeline.console import log_capture
    from schema import files
    from schema.output_lock import InUseError
    from schema.status import IngestStatus

    loaded = load(config, settings, data=source)
    remote = "://" in output
    try:
        if not remote:
            files.check_directory(output)
    except OSError as error:
        fail(error)
    log = os.path.join(output, "ingest.log") if not remote else "ingest.log"
    try:
        with _no_run(output), log_capture.console_apart(log):
            result = _ingest(loaded, output, source_hash.of(source_hash.INGEST))
    except InUseError as error:
        fail(error)
    except (RuntimeError, ValueError, OSError) as error:
        # Where nothing can be written, there is no log either.
        fail(f"{plain(error)}\nThe log is {log}" if os.path.exists(log) else error)
    except Exception as error:  # each store has its own errors
        if not remote:
            raise
        fail(f"cannot write to {output}: {sentence(error)}")
    done = "Unchanged" if result.skipped else "Wrote"
    typer.echo(f"{done}: {result.playlists:,} playlists with {result.tracks:,} tracks in {output}")
    for reason, count in result.rejects.items():
        typer.echo(f"  {count:,} rejected: {reason}")
    show_left_out(result.left_out)
    for name, count in (("updated", result.updated), ("deleted", result.deleted)):
        if count:
            typer.echo(f"  {count:,} left out: {name}")
    for note in result.notes:
        typer.echo(f"  {note}")
    return IngestStatus(
        status="ok",
        output=output,
        unchanged=result.skipped,
        playlists=result.playlists,
        tracks=result.tracks,
        rejects=result.rejects,
        left_out=result.left_out,
        updated=result.updated,
        deleted=result.deleted,
        spans=[int(number) for number in result.spans],
        notes=result.notes,
    )


def _ingest(loaded: PipelineConfig, output: str, code: str) -> IngestResult:
    from components.ingest import job, window
    from pipeline import beam_args

    beam_pipeline_args = beam_args.on_this_machine(loaded, "Ingest")
    chosen = window.Window(
        span="latest" if loaded.span is None else str(loaded.span),
        count=loaded.window,
        deletions=loaded.deletions or "",
    )
    if not chosen.is_of(loaded.data):
        return job.ingest(
            loaded.data,
            output,
            loaded.ingest,
            loaded.split,
            source_hash=code,
            beam_pipeline_args=beam_pipeline_args,
        )
    arguments = (output, loaded.ingest, loaded.split)
    plan = window.plan(loaded.data, *arguments, code, window=chosen)
    return window.ingest(
        plan,
        *arguments,
        source_hash=code,
        run_id=uuid.uuid4().hex,
        beam_pipeline_args=beam_pipeline_args,
    )


@contextlib.contextmanager
def _no_run(output: str) -> Iterator[None]:
    """Holds the output directory of runs, where records of one are written.

    A run locks its whole directory, and what it ingested only until that is done.

    Raises:
        InUseError: a run writes there.
    """
    from schema import output_lock
    from schema.layout import Layout

    out = os.path.dirname(os.path.realpath(output))
    is_of_a_run = "://" not in output and Layout.under(out).tfrecords == os.path.realpath(output)
    if not is_of_a_run or not os.path.exists(os.path.join(out, output_lock.NAME)):
        yield
        return
    with output_lock.taken(out, "segue ingest"):
        yield

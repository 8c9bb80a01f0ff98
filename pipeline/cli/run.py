"""The command `segue run`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import (
    USAGE,
    CommandFailedError,
    ConfigOption,
    SetOption,
    check_encoded,
    fail,
    load,
    plain,
)


def run(
    data: Annotated[str, typer.Option(help="Slices: directory, file, pattern or zip.")],
    out: Annotated[
        str | None,
        typer.Option(help="Directory for everything that the run writes; out by default."),
    ] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Run the whole pipeline: ingest, validate, train, evaluate, bless, push, report.

    Example: segue run --data out/sample --out out --set split.eval=5 --set seed=3
    """
    loaded = load(config, settings, data=data, out=out)
    if "://" in loaded.out:
        fail(f"--out takes a directory on this machine, not {loaded.out}.", USAGE)
    for name, path in (("--data", loaded.data), ("--out", loaded.out)):
        check_encoded(name, path)
    if loaded.dataflow and "Ingest" in loaded.dataflow.chosen and "://" not in loaded.data:
        fail(
            f"--data: Dataflow's workers cannot read {loaded.data} on this machine: copy the "
            "slices to gs://, or leave Ingest out of dataflow.components.",
            USAGE,
        )
    from pipeline import object_stores

    try:
        object_stores.prepare({"storage": loaded.storage, "release_record": loaded.release_record})
    except object_stores.NoFileSystemError as error:
        fail(error, USAGE)
    from pipeline.lifecycle import MetadataError
    from pipeline.runners import flink_jobs, local
    from schema.output_lock import InUseError
    from schema.status import RunStatus
    from serving.protocol import ConfigError

    try:
        result = local.run(loaded)
    except local.RunFailedError as error:
        # The console has said so.
        raise CommandFailedError(str(error)) from None
    except (InUseError, MetadataError, flink_jobs.ClusterError) as error:
        fail(error)
    except ConfigError as error:
        fail(error, USAGE)
    except OSError as error:
        fail(f"Cannot write to {loaded.out}: {plain(error)}" if error.filename else error)
    except KeyboardInterrupt:
        fail("Interrupted.")
    metrics = result.metrics
    model = metrics.models.get(loaded.candidate)
    return RunStatus(
        status="blessed" if metrics.blessing.blessed else "refused",
        out=loaded.out,
        candidate=loaded.candidate,
        reasons=metrics.blessing.reasons,
        pushed_version=metrics.pushed_version,
        report=result.report,
        metrics=model.overall if model else {},
    )

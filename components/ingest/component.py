"""The Ingest component: raw slices in, records by split out."""

from __future__ import annotations

import uuid

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.experimental import simple_artifacts

from components.ingest import executor, job, manifest
from components.ingest.errors import IngestError
from components.ingest.options import IngestOptions
from schema.splits import SplitConfig


class IngestSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Ingest`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "input": ExecutionParameter(type=str),
        "output": ExecutionParameter(type=str),
        "options": ExecutionParameter(type=str),
        "split": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "run_id": ExecutionParameter(type=str),
    }
    INPUTS = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "records": ChannelParameter(type=simple_artifacts.Dataset),
        "rejects": ChannelParameter(type=simple_artifacts.File),
        "summary": ChannelParameter(type=simple_artifacts.File),
    }


class Ingest(base_beam_component.BaseBeamComponent):
    """Reads MPD slices and writes their playlists as TFRecords, a set of files for each split.

    The records lie in `output`, where a run's user looks for them, and so do the rejects. As
    artifacts: `records` holds the manifest that lists the files, `rejects` a copy of what was set
    aside, `summary` the counts.

    TFX's cache must not believe that they are still there. So when the component is constructed it
    looks at the input's content (`fingerprint`) and at the destination (`run_id`: that of the
    ingest that lies there, if it is what this one would write, otherwise a new one). What was read
    to make it is then the `input`: a copy of the data elsewhere comes from the cache as well.
    """

    SPEC_CLASS = IngestSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(self, *, input: str, output: str, options: str, split: str, source_hash: str):
        """Constructs the component.

        Args:
            input: a file, a directory or a pattern of slices; local or remote.
            output: the directory to write to, local or remote.
            options: `IngestOptions` as JSON.
            split: `SplitConfig` as JSON.
            source_hash: hash of the code, so that a changed ingest is not served from cache.
        """
        read, fingerprint, run_id = _state(input, output, options, split, source_hash)
        super().__init__(
            spec=IngestSpec(
                input=read,
                output=output,
                options=options,
                split=split,
                source_hash=source_hash,
                fingerprint=fingerprint,
                run_id=run_id,
                records=types.Channel(type=simple_artifacts.Dataset),
                rejects=types.Channel(type=simple_artifacts.File),
                summary=types.Channel(type=simple_artifacts.File),
            )
        )


def _state(
    input: str, output: str, options: str, split: str, source_hash: str
) -> tuple[str, str, str]:
    """Returns the input, and what to know its content and the destination by."""
    try:
        plan = job.plan(
            input,
            output,
            IngestOptions.model_validate_json(options),
            SplitConfig.model_validate_json(split),
            source_hash,
        )
    except IngestError:
        # The executor says why, when its turn comes.
        return input, f"{manifest.UNKNOWN}-{uuid.uuid4().hex}", uuid.uuid4().hex
    if plan.finished is None:
        return input, plan.fingerprint, uuid.uuid4().hex
    return plan.finished.input, plan.fingerprint, plan.finished.run_id

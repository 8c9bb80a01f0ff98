"""The Ingest component: raw slices in, records by split out."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.experimental import simple_artifacts

from components.ingest import driver, executor


class IngestSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Ingest`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "input": ExecutionParameter(type=str),
        "span": ExecutionParameter(type=str),
        "window": ExecutionParameter(type=str),
        "deletions": ExecutionParameter(type=str),
        "output": ExecutionParameter(type=str),
        "options": ExecutionParameter(type=str),
        "split": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "run_id": ExecutionParameter(type=str),
        "spans": ExecutionParameter(type=str),
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

    TFX's cache must not believe that they are still there. So the driver looks at the input's
    content (`fingerprint`, and of each span in `spans`) and at the destination (`run_id`) before
    the cache is asked.
    """

    SPEC_CLASS = IngestSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver  # type: ignore[assignment]

    def __init__(
        self,
        *,
        input: str,
        span: str,
        window: str,
        deletions: str,
        output: str,
        options: str,
        split: str,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            input: a file, a directory or a pattern of slices; local or remote; {SPAN} in it stands
                for the number of a span.
            span: which one, or "latest".
            window: how many spans up to it, or "all".
            deletions: a list of pids to leave out, local or remote; "" for none.
            output: the directory to write to, local or remote.
            options: `IngestOptions` as JSON.
            split: `SplitConfig` as JSON.
            source_hash: hash of the code, so that a changed ingest is not served from cache.
        """
        super().__init__(
            spec=IngestSpec(
                input=input,
                span=span,
                window=window,
                deletions=deletions,
                output=output,
                options=options,
                split=split,
                source_hash=source_hash,
                fingerprint="",
                run_id="",
                spans="",
                records=types.Channel(type=simple_artifacts.Dataset),
                rejects=types.Channel(type=simple_artifacts.File),
                summary=types.Channel(type=simple_artifacts.File),
            )
        )

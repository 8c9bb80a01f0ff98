"""The SpanStatistics component: ingested spans in, statistics of each out."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.experimental import simple_artifacts

from components.span_statistics import executor


class SpanStatisticsSpec(ComponentSpec):
    """Inputs, outputs and parameters of `SpanStatistics`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "place": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "records": ChannelParameter(type=simple_artifacts.Dataset),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {  # noqa: RUF012
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
    }


class SpanStatistics(base_beam_component.BaseBeamComponent):
    """Computes statistics of the train playlists of each span, as it came, once.

    Only of features whose drift the schema limits. They are kept in `place`, under the fingerprint
    of the span, so that the next run computes those of its new spans.
    """

    SPEC_CLASS = SpanStatisticsSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        records: types.BaseChannel,
        schema: types.BaseChannel,
        *,
        place: str,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            records: what Ingest wrote, in spans.
            schema: with the drift comparators.
            place: directory, local or remote, where statistics are kept.
            source_hash: hash of the code, so that a changed executor is not served from cache.
        """
        super().__init__(
            spec=SpanStatisticsSpec(
                records=records,
                schema=schema,
                place=place,
                source_hash=source_hash,
                statistics=types.Channel(type=standard_artifacts.ExampleStatistics),
            )
        )

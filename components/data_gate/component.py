"""The DataGate component: skew and drift, and the decision whether training may begin."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.experimental import simple_artifacts

from components.data_gate import executor


class DataGateSpec(ComponentSpec):
    """Inputs, outputs and parameters of `DataGate`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "options": ExecutionParameter(type=str),
        "reference": ExecutionParameter(type=str),
        "started": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "records": ChannelParameter(type=simple_artifacts.Dataset),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "spans": ChannelParameter(type=standard_artifacts.ExampleStatistics, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012
        "comparison": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
    }


class DataGate(base_component.BaseComponent):
    """Compares splits (skew) and data sets (drift) by the schema, then lets the run go on or not.

    ExampleValidator checks each split against the schema but compares nothing, and TFX goes on
    whatever it finds. This component adds the comparisons and fails the run where, by
    configuration, an anomaly is serious.

    Data is compared with the last other data that passed, which the component keeps at a place of
    its own: `started` is a part of TFX's cache key, so that it looks there and writes there in
    every run.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        records: types.BaseChannel,
        examples: types.BaseChannel,
        statistics: types.BaseChannel,
        schema: types.BaseChannel,
        anomalies: types.BaseChannel,
        *,
        spans: types.BaseChannel | None = None,
        options: str,
        reference: str,
        started: str,
    ) -> None:
        """Constructs the component.

        Args:
            records: what this run ingested; only which data they are of is asked.
            examples: the playlists; only which data they are of is asked.
            statistics: statistics of the splits.
            schema: the curated schema, with its skew and drift comparators.
            anomalies: what ExampleValidator found.
            spans: statistics of each span, which are compared one with the next; None where the
                run reads no more than one.
            options: `ValidationOptions` as JSON.
            reference: directory, local or remote, of the statistics of what passed.
            started: when the run began, or anything else that no other run gives.
        """
        super().__init__(
            spec=DataGateSpec(
                records=records,
                examples=examples,
                statistics=statistics,
                schema=schema,
                anomalies=anomalies,
                spans=spans,
                options=options,
                reference=reference,
                started=started,
                comparison=types.Channel(type=standard_artifacts.ExampleAnomalies),
            )
        )

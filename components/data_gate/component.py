"""The DataGate component: skew and drift, and the decision whether training may begin."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.data_gate import executor


class DataGateSpec(ComponentSpec):
    """Inputs, outputs and parameters of `DataGate`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "options": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "previous_statistics": ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS = {  # noqa: RUF012
        "comparison": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
    }


class DataGate(base_component.BaseComponent):
    """Compares splits (skew) and data sets (drift) by the schema, then lets the run go on or not.

    ExampleValidator checks each split against the schema but compares nothing, and TFX goes on
    whatever it finds. This component adds the comparisons and fails the run where, by
    configuration, an anomaly is serious.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        statistics: types.BaseChannel,
        schema: types.BaseChannel,
        anomalies: types.BaseChannel,
        *,
        previous_statistics: types.BaseChannel | None,
        options: str,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            statistics: statistics of the splits.
            schema: the curated schema, with its skew and drift comparators.
            anomalies: what ExampleValidator found.
            previous_statistics: the statistics of the last other data that passed, if any.
            options: `ValidationOptions` as JSON.
            source_hash: hash of the code, so that a changed rule is not served from cache.
        """
        super().__init__(
            spec=DataGateSpec(
                statistics=statistics,
                schema=schema,
                anomalies=anomalies,
                previous_statistics=previous_statistics,
                options=options,
                source_hash=source_hash,
                comparison=types.Channel(type=standard_artifacts.ExampleAnomalies),
            )
        )

"""The Report component: the last node of a run, which writes its documents and its page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.experimental import simple_artifacts

from components.report import executor
from components.significance.component import PlaylistMetrics


class RunReport(Artifact):
    """metrics.json, details.json, per_playlist.parquet and index.html of a run."""

    TYPE_NAME = "components.RunReport"


class ReportSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Report`; what it has of each family is added to them."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "families": ExecutionParameter(type=str),
        "data": ExecutionParameter(type=str),
        "span": ExecutionParameter(type=str),
        "gate": ExecutionParameter(type=str),
        "config": ExecutionParameter(type=str),
        "version": ExecutionParameter(type=str),
        "started": ExecutionParameter(type=str),
        "destination": ExecutionParameter(type=str),
        "seconds_file": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {  # noqa: RUF012
        "ingested": ChannelParameter(type=simple_artifacts.File),
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "comparison": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "held_out": ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph),
        "transformed": ChannelParameter(type=standard_artifacts.Examples),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "served": ChannelParameter(type=standard_artifacts.Model),
        "metrics": ChannelParameter(type=PlaylistMetrics),
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel),
    }
    OUTPUTS = {  # noqa: RUF012
        "report": ChannelParameter(type=RunReport),
    }


class Report(base_component.BaseComponent):
    """Gathers what every other node found.

    `started` changes with each run and is a part of TFX's cache key: this component runs when all
    others come from the cache, and says what is true now.
    """

    SPEC_CLASS = ReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        ingested: types.BaseChannel,
        statistics: types.BaseChannel,
        anomalies: types.BaseChannel,
        comparison: types.BaseChannel,
        held_out: types.BaseChannel,
        transform_graph: types.BaseChannel,
        transformed: types.BaseChannel,
        evaluation: types.BaseChannel,
        served: types.BaseChannel,
        metrics: types.BaseChannel,
        pushed_model: types.BaseChannel,
        models: Mapping[str, types.BaseChannel],
        model_runs: Mapping[str, types.BaseChannel],
        tuner_results: Mapping[str, types.BaseChannel],
        data: str,
        span: str,
        gate: str,
        config: str,
        version: str,
        started: str,
        destination: str,
        seconds_file: str | None = None,
    ) -> None:
        """Constructs the component.

        Args:
            ingested: Ingest's summary, with the counts of what it set aside.
            statistics: statistics of the splits.
            anomalies: what ExampleValidator found.
            comparison: what DataGate found.
            held_out: the held-out playlists, for examples of recommendations.
            transform_graph: Transform's, with the vocabularies.
            transformed: Transform's Examples, of which only the counts are read.
            evaluation: what Evaluator measured, by slice.
            served: what the ServedModel component found before the push.
            metrics: Significance's rows, tests and decision.
            pushed_model: Pusher's.
            models: the trained models by family, the candidate first.
            model_runs: their training curves by family.
            tuner_results: the searches by tuned family.
            data: what Ingest reads.
            span: which span of it, or "latest".
            gate: `GateConfig` as JSON.
            config: the run's whole configuration as JSON, but for these three.
            version: Segue's own.
            started: when the run began, ISO 8601; empty: when the component runs.
            destination: directory, local or remote, that the report is copied to.
            seconds_file: JSON that the runner keeps, with the seconds of each node that ended;
                None where a runner keeps none.
        """
        # A runner in the cloud takes one artifact an input, so each family has inputs of its own.
        by_family = {
            **{executor.MODEL + family: channel for family, channel in models.items()},
            **{executor.MODEL_RUN + family: channel for family, channel in model_runs.items()},
            **{executor.TUNING + family: channel for family, channel in tuner_results.items()},
        }
        spec_class = type("ReportSpec", (ReportSpec,), {"INPUTS": _inputs(by_family)})
        super().__init__(
            spec=spec_class(
                **by_family,
                ingested=ingested,
                statistics=statistics,
                anomalies=anomalies,
                comparison=comparison,
                held_out=held_out,
                transform_graph=transform_graph,
                transformed=transformed,
                evaluation=evaluation,
                served=served,
                metrics=metrics,
                pushed_model=pushed_model,
                families=json.dumps(list(models)),
                data=data,
                span=span,
                gate=gate,
                config=config,
                version=version,
                started=started,
                destination=destination,
                seconds_file=seconds_file,
                report=types.Channel(type=RunReport),
            )
        )


def _inputs(by_family: Mapping[str, types.BaseChannel]) -> dict[str, Any]:
    added = {key: ChannelParameter(type=channel.type) for key, channel in by_family.items()}
    return {**ReportSpec.INPUTS, **added}

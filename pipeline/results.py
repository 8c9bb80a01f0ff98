"""Writes what a run found: metrics.json, the rows, and the details that the report shows."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib import metadata as package_metadata
from typing import Any

import numpy as np
from tfx.dsl.io import fileio

from components.data_gate import executor as data_gate
from components.ingest.job import IngestResult
from components.significance import executor as significance
from pipeline import __version__, examples, facts
from pipeline.config import PipelineConfig
from pipeline.runners.launch import NodeResult
from schema import features
from schema.documents import (
    DETAILS_FILE,
    METRICS_FILE,
    Anomaly,
    DataDetails,
    DataSummary,
    Document,
    FeatureRow,
    Gate,
    Lengths,
    RunDetails,
    RunInfo,
    RunMetrics,
    TrainingCurve,
    Trial,
)

# What people wrote about themselves is none of the report's business.
_PRIVATE = (features.PID, features.DESCRIPTION)

_PACKAGES = (
    "tfx",
    "tensorflow",
    "tensorflow-recommenders",
    "apache-beam",
    "implicit",
    "scipy",
    "numpy",
)


def write_results(
    config: PipelineConfig,
    ingested: IngestResult,
    nodes: Mapping[str, NodeResult],
    seconds: Mapping[str, float],
    started: str,
) -> RunMetrics:
    """Writes OUT/report: metrics.json, per_playlist.parquet and details.json.

    Args:
        config: the run's configuration.
        ingested: what ingest did.
        nodes: every node's result by id.
        seconds: wall time by component, ingest included.
        started: when the run began, ISO 8601.

    Returns:
        The content of metrics.json (contract C2).
    """
    report = os.path.join(config.out, "report")
    fileio.makedirs(report)
    judged = facts.judgement(nodes["Significance"].outputs["metrics"][0])
    sizes = facts.vocabulary_sizes(nodes["Transform"].outputs["transform_graph"][0])
    metrics = RunMetrics(
        data=DataSummary(
            playlists=facts.playlists_by_split(nodes["StatisticsGen"].outputs["statistics"][0]),
            tracks=sizes["tracks"],
            rejects=dict(ingested.rejects),
        ),
        models=judged.models,
        test_models=judged.test_models,
        tests=judged.tests,
        blessing=judged.blessing,
        pushed_version=facts.pushed_version(nodes["Pusher"].outputs["pushed_model"][0]),
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )
    _write(os.path.join(report, METRICS_FILE), metrics)
    fileio.copy(
        facts.rows_file(nodes["Significance"].outputs["metrics"][0]),
        os.path.join(report, "per_playlist.parquet"),
        overwrite=True,
    )
    _write(os.path.join(report, DETAILS_FILE), _details(config, nodes, sizes, seconds, started))
    return metrics


def _details(
    config: PipelineConfig,
    nodes: Mapping[str, NodeResult],
    sizes: Mapping[str, int],
    seconds: Mapping[str, float],
    started: str,
) -> RunDetails:
    statistics = facts.statistics_by_split(nodes["StatisticsGen"].outputs["statistics"][0])
    found = data_gate.read_anomalies(nodes["ExampleValidator"].outputs["anomalies"][0])
    found += data_gate.read_anomalies(nodes["DataGate"].outputs["comparison"][0])
    trained = {family: nodes[f"Trainer.{family}"].outputs for family in config.families}
    served = nodes["ServedModel"].outputs.get("model") or []
    return RunDetails(
        run=RunInfo(
            started=started,
            seconds=round(sum(seconds.values()), 1),
            candidate=config.candidate,
            baselines=list(config.baselines),
            served=facts.card(served[0]).family if served else None,
            config=config.model_dump(mode="json"),
            machine={
                "processor": platform.machine(),
                "cores": os.cpu_count(),
                "system": f"{platform.system()} {platform.release()}",
            },
            versions={
                "segue": __version__,
                "python": platform.python_version(),
                **{name: package_metadata.version(name) for name in _PACKAGES},
            },
        ),
        data=DataDetails(
            features=[
                _feature(feature, statistics["train"].num_examples)
                for feature in statistics["train"].features
            ],
            anomalies=[
                Anomaly(
                    split=anomaly.split,
                    feature=anomaly.feature,
                    severity=anomaly.severity,
                    description=anomaly.description,
                )
                for anomaly in found
            ],
            lengths=_lengths(nodes),
            vocabularies=dict(sizes),
        ),
        training={
            family: TrainingCurve(
                history=facts.history(outputs["model_run"][0]),
                params=facts.card(outputs["model"][0]).params or {},
                fit_seconds=facts.card(outputs["model"][0]).fit_seconds,
            )
            for family, outputs in trained.items()
        },
        tuning={
            family: [
                Trial(**trial)
                for trial in facts.trials(nodes[f"Tuner.{family}"].outputs["tuner_results"][0])
            ]
            for family in config.tuned
        },
        gate=Gate(
            **config.gate.model_dump(mode="json"),
            checks=facts.judgement(nodes["Significance"].outputs["metrics"][0]).checks,
        ),
        examples=examples.pick(
            trained[config.candidate]["model"][0], nodes["Holdout"].outputs["held_out"][0]
        ),
    )


def _feature(feature: Any, num_examples: int) -> FeatureRow:
    """A feature's row in the table of data: how often it is there and what it looks like."""
    kind = feature.WhichOneof("stats")
    stats = getattr(feature, kind)
    present = stats.common_stats.num_non_missing
    name = ".".join(feature.path.step) or feature.name
    is_text = kind == "string_stats"
    shown = is_text and name not in _PRIVATE
    return FeatureRow(
        name=name,
        type={0: "INT", 1: "FLOAT", 2: "BYTES"}.get(feature.type, "OTHER"),
        present_share=present / num_examples if num_examples else None,
        unique=int(stats.unique) if is_text else None,
        mean=stats.mean if kind == "num_stats" else None,
        top=[value.value for value in stats.top_values[:3]] if shown else None,
    )


def _lengths(nodes: Mapping[str, NodeResult]) -> Lengths:
    """A histogram of playlists' lengths, held-out playlists with their withheld tracks."""
    path = facts.rows_file(nodes["Significance"].outputs["metrics"][0])
    rows = significance.read_rows(path, ["model", "length"])
    if rows.empty:
        return Lengths()
    lengths = rows.loc[rows["model"] == rows["model"].iloc[0], "length"]
    counts, edges = np.histogram(lengths, bins=min(25, max(lengths.nunique(), 1)))
    return Lengths(edges=edges.tolist(), counts=counts.tolist())


def _write(path: str, document: Document) -> None:
    with fileio.open(path, "w") as file:
        file.write(document.to_json())

"""Builds metrics.json and details.json from the artifacts of a run."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata as package_metadata
from typing import Any, Final

import numpy as np
from tfx import types

from components.data_gate.anomalies import SPANS, read_anomalies, read_measurements
from components.ingest.manifest import IngestResult
from components.report import counted, examples, facts
from components.significance.results import read_rows
from schema import artifacts, documents, features, rows

_TRAIN: Final = "train"

# What people wrote about themselves is not shown.
_PRIVATE: Final = (features.PID, features.DESCRIPTION)

_PACKAGES: Final = (
    "tfx",
    "tensorflow",
    "tensorflow-recommenders",
    "apache-beam",
    "implicit",
    "scipy",
    "numpy",
)


@dataclasses.dataclass(frozen=True)
class Found:
    """The artifacts that the documents are made of.

    Attributes:
        statistics: of the splits.
        anomalies: of ExampleValidator and of DataGate.
        held_out: the held-out playlists.
        transform_graph: with the vocabularies.
        transformed: what Transform wrote, with its counts.
        evaluation: what TFX's Evaluator measured.
        served: what was served before the push.
        metrics: Significance's rows, tests and decision.
        pushed_model: Pusher's.
        models: by family, the candidate first.
        model_runs: training curves by family.
        tuner_results: by family that was tuned.
    """

    statistics: types.Artifact
    anomalies: Sequence[types.Artifact]
    held_out: types.Artifact
    transform_graph: types.Artifact
    transformed: types.Artifact
    evaluation: types.Artifact
    served: documents.ServedModel
    metrics: types.Artifact
    pushed_model: types.Artifact
    models: Mapping[str, types.Artifact]
    model_runs: Mapping[str, types.Artifact]
    tuner_results: Mapping[str, types.Artifact]


@dataclasses.dataclass(frozen=True)
class Run:
    """What no artifact holds of a run.

    Attributes:
        started: when, ISO 8601.
        config: the whole configuration.
        gate: the conditions of the blessing, as configured.
        version: Segue's own.
        ingested: what ingest read, and what it left out.
        seconds: wall time by node, of those that ended; empty where nothing was measured.
    """

    started: str
    config: Mapping[str, Any]
    gate: Mapping[str, Any]
    version: str
    ingested: IngestResult
    seconds: Mapping[str, float]


def metrics(found: Found, run: Run) -> documents.RunMetrics:
    """The figures of a run (contract C2)."""
    judged = facts.judgement(found.metrics)
    return documents.RunMetrics(
        data=documents.DataSummary(
            playlists=facts.playlists_by_split(found.statistics),
            tracks=facts.vocabulary_sizes(found.transform_graph)[features.TRACK_VOCABULARY],
            rejects=run.ingested.rejects,
            updated=run.ingested.updated,
            deleted=run.ingested.deleted,
            spans={
                number: documents.SpanSummary(**counts)
                for number, counts in run.ingested.spans.items()
            },
            notes=run.ingested.notes,
        ),
        counts=counted.stages(
            statistics=found.statistics,
            held_out=found.held_out,
            transformed=found.transformed,
            models=found.models,
            evaluation=found.evaluation,
            metrics=found.metrics,
        ),
        models=judged.models,
        test_models=judged.test_models,
        tests=judged.tests,
        blessing=judged.blessing,
        served=found.served,
        pushed_version=facts.pushed_version(found.pushed_model),
        push=found.pushed_model.get_string_custom_property(artifacts.SUMMARY),
        seconds={name: round(value, 2) for name, value in run.seconds.items()},
    )


def details(found: Found, run: Run) -> documents.RunDetails:
    """What the report shows beside the figures."""
    candidate, *baselines = found.models
    cards = {family: facts.card(model) for family, model in found.models.items()}
    return documents.RunDetails(
        run=documents.RunInfo(
            started=run.started,
            seconds=round(sum(run.seconds.values()), 1) if run.seconds else None,
            candidate=candidate,
            baselines=baselines,
            served=_served_family(found.served),
            config=dict(run.config),
            machine={
                "processor": platform.machine(),
                "cores": os.cpu_count(),
                "system": f"{platform.system()} {platform.release()}",
            },
            versions={
                "segue": run.version,
                "python": platform.python_version(),
                **{name: _version(name) for name in _PACKAGES},
            },
        ),
        data=_data(found),
        training={
            family: documents.TrainingCurve(
                history=facts.history(found.model_runs[family]),
                params=card.params or {},
                fit_seconds=card.fit_seconds,
            )
            for family, card in cards.items()
        },
        tuning={family: facts.trials(results) for family, results in found.tuner_results.items()},
        gate=documents.Gate.model_validate(
            {**run.gate, "checks": facts.judgement(found.metrics).checks}
        ),
        examples=examples.pick(found.models[candidate], found.held_out),
        evaluator=facts.evaluator_slices(found.evaluation),
    )


def _served_family(served: documents.ServedModel) -> str | None:
    return None if served.version is None else served.family or "unknown"


def _version(package: str) -> str:
    try:
        return package_metadata.version(package)
    except package_metadata.PackageNotFoundError:  # TensorFlow without CUDA's kernels
        return package_metadata.version(f"{package}-cpu")


def _data(found: Found) -> documents.DataDetails:
    train = facts.statistics_by_split(found.statistics)[_TRAIN]
    return documents.DataDetails(
        features=[_feature(feature, train.num_examples) for feature in train.features],
        anomalies=[
            documents.Anomaly(
                split=anomaly.split,
                feature=anomaly.feature,
                severity=anomaly.severity,
                description=anomaly.description,
            )
            for artifact in found.anomalies
            for anomaly in read_anomalies(artifact)
        ],
        drift=[
            documents.Drift(
                compared=row.compared.replace("-", " "),
                feature=row.feature,
                measure=row.measure,
                value=row.value,
                threshold=row.threshold,
            )
            for artifact in found.anomalies
            for row in read_measurements(artifact, SPANS)
        ],
        lengths=_lengths(found.metrics),
        vocabularies=facts.vocabulary_sizes(found.transform_graph),
    )


def _feature(feature: Any, num_examples: int) -> documents.FeatureRow:
    """A feature's row in the table of data: how often it is there and what it looks like."""
    kind = feature.WhichOneof("stats")
    stats = getattr(feature, kind)
    name = ".".join(feature.path.step) or feature.name
    present = stats.common_stats.num_non_missing
    is_text = kind == "string_stats"
    return documents.FeatureRow(
        name=name,
        type={0: "INT", 1: "FLOAT", 2: "BYTES"}.get(feature.type, "OTHER"),
        present_share=present / num_examples if num_examples else None,
        unique=int(stats.unique) if is_text else None,
        top=[value.value for value in stats.top_values[:3]]
        if is_text and name not in _PRIVATE
        else None,
        mean=stats.mean if kind == "num_stats" else None,
    )


def _lengths(metrics: types.Artifact) -> documents.Lengths:
    """A histogram of playlists' lengths, held-out playlists with their withheld tracks."""
    table = read_rows(facts.rows_file(metrics), [rows.MODEL, rows.LENGTH])
    if table.empty:
        return documents.Lengths()
    lengths = table.loc[table[rows.MODEL] == table[rows.MODEL].iloc[0], rows.LENGTH]
    counts, edges = np.histogram(lengths, bins=min(25, max(lengths.nunique(), 1)))
    return documents.Lengths(edges=edges.tolist(), counts=counts.tolist())

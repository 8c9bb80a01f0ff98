"""What a registry is told of a pushed version, read from its directory and its run's documents."""

from __future__ import annotations

import json
import os
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from schema import provenance
from schema.documents import DETAILS_FILE, METRICS_FILE, RunDetails, RunMetrics, parse
from schema.layout import PAGE_FILE
from schema.model_card import ModelCard
from schema.registry import Lineage, Registration
from serving.protocol import BrokenModelError, ConfigError, version_files


def describe(
    path: str, model: str, *, report: str = "", lineage: Lineage | None = None
) -> Registration:
    """Describes a version.

    Args:
        path: its directory, whose name is its number; local or remote.
        model: the registered model.
        report: the directory with the documents and the page of its run; "" without one.
        lineage: what is known of it; the model card says the rest.

    Raises:
        ConfigError: the directory is no version, or the report is of a run that pushed another.
        BrokenModelError: it holds no whole model.
    """
    name = os.path.basename(path.rstrip("/"))
    if not name.isdecimal():
        raise ConfigError(f"{path} is no version: its directory has a number for a name")
    version = int(name)
    if not version_files.is_whole(path):
        raise BrokenModelError(f"{path}: {version_files.MODEL_FILE} is missing")
    card = _card(path)
    metrics = _metrics(report, version) if report else RunMetrics()
    known = lineage or Lineage()
    gate = "" if metrics.blessing.blessed is None else _gate(metrics)
    return Registration(
        model=model,
        serving_version=version,
        saved_model=path if "://" in path else os.path.realpath(path),
        content=version_files.content(path),
        family=card.family if card else "",
        catalogue_size=card.catalogue_size if card else None,
        signatures=_signatures(path),
        metrics=_means(metrics),
        metrics_file=_there(report, METRICS_FILE),
        page=_there(report, PAGE_FILE),
        lineage=known.model_copy(
            update={
                **_of_card(card, known),
                "gate": gate or known.gate,
                "configuration": _configuration(report) or known.configuration,
            }
        ),
    )


def _card(path: str) -> ModelCard | None:
    try:
        return ModelCard.read(path)
    except ValueError:  # a model of another tool has none
        return None


def _of_card(card: ModelCard | None, known: Lineage) -> dict[str, Any]:
    if card is None:
        return {}
    as_of = [table.as_of for table in (card.side_tables or {}).values()]
    told = {
        "split": json.dumps(card.split, sort_keys=True) if card.split else "",
        "code": card.source_hash or "",
        "commit": card.commit or "",
        "features_as_of": max(as_of).isoformat() if as_of else "",
    }
    return {field: value for field, value in told.items() if not getattr(known, field)}


def _metrics(report: str, version: int) -> RunMetrics:
    path = os.path.join(report, METRICS_FILE)
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            content = file.read()
    except (tf.errors.OpError, OSError) as error:
        why = getattr(error, "message", None) or getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the metrics of a run from {path}: {why}") from error
    metrics, _ = parse(RunMetrics, content, METRICS_FILE)
    if metrics.pushed_version != str(version):
        pushed = metrics.pushed_version or "nothing"
        raise ConfigError(f"{path} is of a run that pushed {pushed}, not version {version}")
    return metrics


def _configuration(report: str) -> str:
    path = _there(report, DETAILS_FILE)
    if not path:
        return ""
    with tf.io.gfile.GFile(path, "rb") as file:
        details, _ = parse(RunDetails, file.read(), DETAILS_FILE)
    return provenance.config_hash(details.run.config) if details.run.config else ""


def _gate(metrics: RunMetrics) -> str:
    blessing = metrics.blessing
    return "blessed" if blessing.blessed else "; ".join(["refused", *blessing.reasons])


def _means(metrics: RunMetrics) -> dict[str, float | None]:
    """The candidate's, which comes first."""
    candidate = next(iter(metrics.models.values()), None)
    if candidate is None:
        return {}
    return {metric: value.mean for metric, value in candidate.overall.items()}


def _there(report: str, name: str) -> str:
    path = os.path.join(report, name)
    return path if report and tf.io.gfile.exists(path) else ""


def _signatures(path: str) -> list[str]:
    model = saved_model_pb2.SavedModel()
    file = os.path.join(path, version_files.MODEL_FILE)
    try:
        with tf.io.gfile.GFile(file, "rb") as handle:
            model.ParseFromString(handle.read())
    except DecodeError as error:
        raise BrokenModelError(f"{file} is cut off or damaged") from error
    names = {name for graph in model.meta_graphs for name in graph.signature_def}
    return sorted(name for name in names if not name.startswith("__"))

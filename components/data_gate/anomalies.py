"""Anomalies as rows, and which of them are serious enough to stop a run."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.data_gate.options import FailOn

#: Of each split of an artifact, as ExampleValidator names it.
FILE: Final = "SchemaDiff.pb"

_SEVERITIES: Final = {
    anomalies_pb2.AnomalyInfo.Severity.ERROR: "error",
    anomalies_pb2.AnomalyInfo.Severity.WARNING: "warning",
}

_MEASURES: Final = {
    "L_INFTY": "L-infinity",
    "JENSEN_SHANNON_DIVERGENCE": "Jensen-Shannon",
}

#: Kinds of anomalies that come from comparing two sets of statistics.
COMPARISONS: Final = frozenset(
    {
        anomalies_pb2.AnomalyInfo.Type.COMPARATOR_L_INFTY_HIGH,
        anomalies_pb2.AnomalyInfo.Type.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
        anomalies_pb2.AnomalyInfo.Type.COMPARATOR_LOW_NUM_EXAMPLES,
        anomalies_pb2.AnomalyInfo.Type.COMPARATOR_HIGH_NUM_EXAMPLES,
    }
)


#: How the name of a comparison of two spans begins.
SPANS: Final = "span-"


class SeriousAnomaliesError(RuntimeError):
    """The data has anomalies that, by configuration, must not reach training."""


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """One reason why a feature is not as the schema says.

    Attributes:
        split: the split that it was found in, or what was compared, such as "train to eval".
        feature: the feature's name, or "dataset".
        kind: TFDV's name of the anomaly, such as "ENUM_TYPE_UNEXPECTED_STRING_VALUES".
        severity: "error" or "warning".
        description: what is wrong, in TFDV's words.
    """

    split: str
    feature: str
    kind: str
    severity: str
    description: str


def read_anomalies(artifact: types.Artifact) -> list[Anomaly]:
    """Reads what ExampleValidator or DataGate found in every split.

    Args:
        artifact: an ExampleAnomalies artifact.

    Returns:
        One row per reason.
    """
    return [row for split, found in _read(artifact).items() for row in rows(split, found)]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """How far a feature is from what it is compared with.

    Attributes:
        compared: what is compared, such as "span-1-to-span-2".
        feature: the feature's name.
        measure: "L-infinity" or "Jensen-Shannon".
        value: the distance.
        threshold: beyond which it is an anomaly.
    """

    compared: str
    feature: str
    measure: str
    value: float
    threshold: float


def measurements(found: Mapping[str, Any], prefix: str) -> list[Measurement]:
    """The drift that TFDV measured, anomalous or not.

    Args:
        found: Anomalies by what was compared.
        prefix: of the comparisons to take.
    """
    kinds = anomalies_pb2.DriftSkewInfo.Measurement.Type
    return [
        Measurement(
            compared=name,
            feature=".".join(info.path.step),
            measure=_MEASURES.get(kinds.Name(drift.type), kinds.Name(drift.type)),
            value=drift.value,
            threshold=drift.threshold,
        )
        for name, anomalies in found.items()
        if name.startswith(prefix)
        for info in anomalies.drift_skew_info
        for drift in info.drift_measurements
        if drift.threshold
    ]


def read_measurements(artifact: types.Artifact, prefix: str) -> list[Measurement]:
    """As `measurements`, of what DataGate left."""
    return measurements(_read(artifact), prefix)


def _read(artifact: types.Artifact) -> dict[str, Any]:
    found = {}
    for split in artifact_utils.decode_split_names(artifact.split_names):
        path = os.path.join(artifact_utils.get_split_uri([artifact], split), FILE)
        found[split] = anomalies_pb2.Anomalies.FromString(io_utils.read_bytes_file(path))
    return found


def rows(split: str, anomalies: anomalies_pb2.Anomalies) -> list[Anomaly]:
    """Flattens TFDV's anomalies to one row per reason.

    TFDV calls everything that it finds an error. What breaks the schema is one; a distance between
    two samples is a warning, since it grows as the samples shrink.
    """
    named = dict(anomalies.anomaly_info)
    if anomalies.HasField("dataset_anomaly_info"):
        named["dataset"] = anomalies.dataset_anomaly_info
    return [
        Anomaly(
            split=split,
            feature=feature,
            kind=anomalies_pb2.AnomalyInfo.Type.Name(reason.type),
            severity="warning"
            if reason.type in COMPARISONS
            else _SEVERITIES.get(info.severity, "warning"),
            description=reason.description or reason.short_description,
        )
        for feature, info in sorted(named.items())
        for reason in info.reason
    ]


def counted(found: Iterable[Anomaly]) -> str:
    """Counts anomalies by severity, such as "2 errors, 1 warning"; "" where there are none."""
    by_severity = Counter(anomaly.severity for anomaly in found)
    return ", ".join(
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity, count in sorted(by_severity.items())
    )


def serious(
    found: Iterable[Anomaly], fail_on: FailOn, tolerated: Sequence[str] = ()
) -> list[Anomaly]:
    """Picks the anomalies that stop a run.

    Args:
        found: all anomalies.
        fail_on: the least severity that stops a run, or "never".
        tolerated: names of features or kinds of anomalies that never do.
    """
    severities = {"error": ("error",), "warning": ("error", "warning"), "never": ()}[fail_on]
    return [
        anomaly
        for anomaly in found
        if anomaly.severity in severities
        and anomaly.feature not in tolerated
        and anomaly.kind not in tolerated
    ]

"""Compares statistics with TFDV, and says how far apart they are."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from pipeline.skew.job import NUM_SEEDS, TITLE_LENGTH
from schema import features

#: The name of TFDV's slice of all rows.
ALL: Final = tfdv.constants.DEFAULT_SLICE_KEY

_TEXTS: Final = (features.TRACK_URI, features.NAME)
_NUMBERS: Final = (NUM_SEEDS, TITLE_LENGTH)


class Distance(NamedTuple):
    """How far apart two samples are in a feature.

    Attributes:
        value: L-infinity distance of texts, Jensen-Shannon divergence of numbers.
        where: of texts, the one whose share differs most; "" of numbers and of equal samples.
    """

    value: float
    where: str


def distances(statistics: Any, control: Any, *, drift: bool = False) -> dict[str, Distance]:
    """Measures each feature that both samples have.

    Args:
        statistics: a DatasetFeatureStatisticsList of one dataset: train, or the later period.
        control: the same of the log, or of the earlier period.
        drift: whether they are periods.
    """
    schema = schema_pb2.Schema()
    for name in (*_TEXTS, *_NUMBERS):
        if not (_there(statistics, name) and _there(control, name)):
            continue
        feature = schema.feature.add(name=name)
        comparator = feature.drift_comparator if drift else feature.skew_comparator
        # Nothing is below it: a measurement comes in any case, the text only above it.
        if name in _TEXTS:
            feature.type = schema_pb2.BYTES
            comparator.infinity_norm.threshold = 0
        else:
            feature.type = schema_pb2.INT
            comparator.jensen_shannon_divergence.threshold = 0
    against = {"previous_statistics" if drift else "serving_statistics": control}
    found = tfdv.validate_statistics(statistics, schema, **against)
    return {
        info.path.step[0]: Distance(measurement.value, _where(found, info.path.step[0]))
        for info in found.drift_skew_info
        for measurement in (*info.drift_measurements, *info.skew_measurements)
    }


def of_train(statistics: Any) -> Any:
    """Train's statistics with the number of tracks as a feature, which logs have.

    TFDV has described it already, as the number of values of `track_uri`.
    """
    changed = statistics_pb2.DatasetFeatureStatisticsList()
    changed.CopyFrom(statistics)
    tracks = feature(changed, features.TRACK_URI)
    if tracks is not None:
        common = tracks.string_stats.common_stats
        added = changed.datasets[0].features.add(type=statistics_pb2.FeatureNameStatistics.INT)
        added.path.step.append(NUM_SEEDS)
        added.num_stats.common_stats.num_non_missing = common.num_non_missing
        histogram = added.num_stats.histograms.add()
        histogram.CopyFrom(common.num_values_histogram)
        histogram.type = statistics_pb2.Histogram.STANDARD  # buckets of any width are compared
    return changed


def feature(statistics: Any, name: str) -> Any | None:
    """The statistics of a feature; None where there are none."""
    found = statistics.datasets[0].features if statistics.datasets else ()
    return next((each for each in found if list(each.path.step) == [name]), None)


def mean_length(statistics: Any, name: str) -> float | None:
    """The mean length of a feature's texts, in bytes; None where it has none."""
    found = feature(statistics, name)
    if found is None or not found.string_stats.common_stats.tot_num_values:
        return None
    return found.string_stats.avg_length


def missing_share(statistics: Any, name: str) -> float | None:
    """The share of examples without a feature; None where there are no examples."""
    total = statistics.datasets[0].num_examples if statistics.datasets else 0
    found = feature(statistics, name)
    there = 0 if found is None else found.string_stats.common_stats.num_non_missing
    return 1 - there / total if total else None


def mean_values(statistics: Any, name: str) -> float | None:
    """How many values of a feature an example has; None where there are no examples."""
    total = statistics.datasets[0].num_examples if statistics.datasets else 0
    found = feature(statistics, name)
    values = 0 if found is None else found.string_stats.common_stats.tot_num_values
    return values / total if total else None


def dataset(statistics: Any, name: str) -> Any:
    """One dataset of several, as a list of one; of none where it is missing."""
    chosen = statistics_pb2.DatasetFeatureStatisticsList()
    chosen.datasets.extend(each for each in statistics.datasets if each.name == name)
    return chosen


def _there(statistics: Any, name: str) -> bool:
    found = feature(statistics, name)
    if found is None:
        return False
    stats = found.string_stats if found.HasField("string_stats") else found.num_stats
    return stats.common_stats.num_non_missing > 0


def _where(found: anomalies_pb2.Anomalies, name: str) -> str:
    """TFDV's sentence ends in the value that differs most."""
    marker = "The feature value with maximum difference is: "
    for reason in found.anomaly_info[name].reason if name in found.anomaly_info else ():
        if marker in reason.description:
            return reason.description.partition(marker)[2]
    return ""

"""The data: splits, what was set aside, features, anomalies, lengths and vocabularies."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from report import charts, formatting
from report.loading import RunResults, reject_counts
from report.values import as_dict, as_dicts, as_list, as_number, as_text


@dataclasses.dataclass(frozen=True)
class Feature:
    """One line of the table of features."""

    name: str
    type: str
    present: str
    width: float | None
    unique: str
    mean: str
    top: str


def build(results: RunResults) -> dict[str, Any]:
    """What templates/data.html shows."""
    data = as_dict(results.details.get("data"))
    splits = as_dict(as_dict(results.metrics.get("data")).get("playlists"))
    vocabularies = as_dict(data.get("vocabularies"))
    return {
        "splits": [(name, formatting.count(as_number(n))) for name, n in splits.items()],
        "rejects": [
            (reason.replace("_", " "), formatting.count(n))
            for reason, n in sorted(reject_counts(results).items(), key=lambda pair: -pair[1])
        ],
        "rejects_known": isinstance(as_dict(results.metrics.get("data")).get("rejects"), dict),
        "vocabularies": [
            (name, formatting.count(as_number(n))) for name, n in vocabularies.items()
        ],
        "anomalies": [_anomaly(row) for row in as_dicts(data.get("anomalies"))],
        "anomalies_known": isinstance(data.get("anomalies"), list),
        "features": [_feature(row) for row in as_dicts(data.get("features"))],
        "lengths": _lengths(as_dict(data.get("lengths"))),
    }


def _anomaly(row: dict[str, Any]) -> dict[str, str]:
    return {key: as_text(row.get(key)) for key in ("split", "feature", "severity", "description")}


def _feature(row: dict[str, Any]) -> Feature:
    share = as_number(row.get("present_share"))
    top = row.get("top")
    shown = ", ".join(filter(None, map(as_text, as_list(top)))) or as_text(top)
    return Feature(
        as_text(row.get("name")),
        as_text(row.get("type")).lower(),
        formatting.percent(share),
        None if share is None else round(100 * min(1.0, max(0.0, share)), 1),
        formatting.count(as_number(row.get("unique"))),
        formatting.fixed(as_number(row.get("mean")), 2),
        shown or formatting.NOTHING,
    )


def _lengths(lengths: dict[str, Any]) -> charts.ColumnChart | None:
    """The histogram of playlist lengths."""
    edges = [n for n in map(as_number, as_list(lengths.get("edges"))) if n is not None]
    counts = [n for n in map(as_number, as_list(lengths.get("counts"))) if n is not None]
    rising = all(left < right for left, right in itertools.pairwise(edges))
    if len(counts) < 2 or len(edges) != len(counts) + 1 or not rising or min(counts) < 0:
        return None
    scale = charts.Scale(edges[0], edges[-1])
    tips = [
        f"{formatting.count(low)} to {formatting.count(high)} tracks: {formatting.playlists(n)}"
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    bars, heights = charts.columns(edges, counts, scale, tips=tips)
    bars = [dataclasses.replace(bar, kind="") for bar in bars]
    most = counts.index(max(counts))
    return charts.ColumnChart(
        bars,
        scale.ticks(5),
        heights.ticks(3),
        "Tracks",
        "Playlists",
        f"Histogram of playlist lengths, from {formatting.count(edges[0])} to "
        f"{formatting.count(edges[-1])} tracks; most have {formatting.count(edges[most])} "
        f"to {formatting.count(edges[most + 1])}.",
    )

"""The data: splits, what was set aside, features, anomalies, lengths and vocabularies."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from report import charts, formatting
from report.loading import RunResults
from schema.documents import FeatureRow, Lengths


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
    details, data = results.details.data, results.metrics.data
    rejects = [(reason, n) for reason, n in (data.rejects or {}).items() if n]
    return {
        "splits": [(name, formatting.count(n)) for name, n in data.playlists.items()],
        "rejects": [
            (reason.replace("_", " "), formatting.count(n))
            for reason, n in sorted(rejects, key=lambda pair: -pair[1])
        ],
        "rejects_known": data.rejects is not None,
        "spans": [
            (
                number,
                *(
                    formatting.count(count)
                    for count in (span.read, span.playlists, span.updated, span.deleted)
                ),
            )
            for number, span in data.spans.items()
        ],
        "notes": [note[:1].upper() + note[1:] for note in data.notes],
        "vocabularies": [(name, formatting.count(n)) for name, n in details.vocabularies.items()],
        "anomalies": details.anomalies or [],
        "anomalies_known": details.anomalies is not None,
        "features": [_feature(row) for row in details.features],
        "lengths": _lengths(details.lengths or Lengths()),
    }


def _feature(row: FeatureRow) -> Feature:
    share = row.present_share
    return Feature(
        row.name,
        row.type.lower(),
        formatting.percent(share),
        None if share is None else round(100 * min(1.0, max(0.0, share)), 1),
        formatting.count(row.unique),
        formatting.fixed(row.mean, 2),
        ", ".join(filter(None, row.top or [])) or formatting.NOTHING,
    )


def _lengths(lengths: Lengths) -> charts.ColumnChart | None:
    """The histogram of playlist lengths."""
    edges, counts = lengths.edges, lengths.counts
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

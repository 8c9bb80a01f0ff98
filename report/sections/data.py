"""The data: splits, what was set aside, features, anomalies, lengths and vocabularies."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from report import charts, formatting
from report.loading import RunResults
from schema.documents import Amount, FeatureRow, Lengths, SplitCounts, StageCounts


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


@dataclasses.dataclass(frozen=True)
class Counted:
    """One line of the table of counts."""

    stage: str
    amounts: list[str]
    left_out: str


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
        "counted_splits": _counted_splits(results.metrics.counts),
        "counts": _counts(results.metrics.counts),
        "drift": [
            (
                row.compared,
                row.feature,
                row.measure,
                formatting.fixed(row.value, 3),
                formatting.fixed(row.threshold, 3),
                row.value is not None and row.threshold is not None and row.value > row.threshold,
            )
            for row in details.drift
        ],
        "vocabularies": [(name, formatting.count(n)) for name, n in details.vocabularies.items()],
        "anomalies": details.anomalies or [],
        "anomalies_known": details.anomalies is not None,
        "features": [_feature(row) for row in details.features],
        "lengths": _lengths(details.lengths or Lengths()),
    }


def _counted_splits(stages: Sequence[StageCounts]) -> list[str]:
    """All splits that any stage counted, in the order in which they come."""
    return list(dict.fromkeys(split for stage in stages for split in stage.splits))


def _counts(stages: Sequence[StageCounts]) -> list[Counted]:
    """A line a stage: of each split what was written, or read where nothing is."""
    splits = _counted_splits(stages)
    return [
        Counted(
            stage.stage,
            [_amount(stage.splits.get(split)) for split in splits],
            "; ".join(
                f"{split}: {_told(amount)} {reason.replace('_', ' ')}"
                for split, counts in stage.splits.items()
                for reason, amount in counts.left_out.items()
            ),
        )
        for stage in stages
    ]


def _amount(counts: SplitCounts | None) -> str:
    amount = (counts.written or counts.read) if counts else None
    if amount is None:
        return ""
    if amount.entries is None:
        return formatting.count(amount.playlists)
    return f"{formatting.count(amount.playlists)} / {formatting.count(amount.entries)}"


def _told(amount: Amount) -> str:
    if not amount.entries:
        return formatting.playlists(amount.playlists)
    entries = f"{formatting.count(amount.entries)} entries"
    return f"{formatting.playlists(amount.playlists)} / {entries}" if amount.playlists else entries


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

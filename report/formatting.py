"""How numbers and names read in the report."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from typing import Any

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"


@dataclasses.dataclass(frozen=True)
class MetricInfo:
    """How a metric is shown.

    Attributes:
        label: its name for people.
        better: 1 where higher is better, -1 where lower is, 0 where neither is said.
        decimals: digits after the point.
        meaning: what it measures, in one sentence.
    """

    label: str
    better: int = 0
    decimals: int = 4
    meaning: str = ""


METRICS: dict[str, MetricInfo] = {
    "ndcg": MetricInfo(
        "NDCG", 1, 4, "Withheld tracks found in the list of 500, the earlier the more they count."
    ),
    "r_precision": MetricInfo(
        "R-precision", 1, 4, "Share of withheld tracks among as many recommendations."
    ),
    "r_precision_artist": MetricInfo(
        "R-precision (artist credit)", 1, 4, "As R-precision, a right artist counts a quarter."
    ),
    "clicks": MetricInfo(
        "Clicks", -1, 2, "Refreshes of ten tracks until the first withheld one; 51 where none is."
    ),
    "recall@10": MetricInfo("Recall@10", 1, 4, "Share of withheld tracks in the first 10."),
    "recall@100": MetricInfo("Recall@100", 1, 4, "Share of withheld tracks in the first 100."),
    "recall@500": MetricInfo("Recall@500", 1, 4, "Share of withheld tracks in the first 500."),
    "hit_rate@10": MetricInfo(
        "Hit rate@10", 1, 4, "Share of playlists with a withheld track in the first 10."
    ),
    "mrr": MetricInfo("MRR", 1, 4, "Mean of 1 / rank of the first withheld track."),
    "coverage": MetricInfo("Coverage", 0, 4, "Share of the catalogue that is ever recommended."),
    "popularity": MetricInfo(
        "Popularity", 0, 4, "Mean share of the training playlists that hold a recommended track."
    ),
    "novelty": MetricInfo(
        "Novelty", 0, 2, "Mean self-information of the recommended tracks, in bits."
    ),
    "artist_diversity": MetricInfo(
        "Artist diversity", 0, 4, "Share of the pairs of recommended tracks by different artists."
    ),
}


def metric_info(name: str) -> MetricInfo:
    """How a metric is shown, at any depth; one that is not known keeps its own name."""
    if name in METRICS:
        return METRICS[name]
    family, _, depth = name.partition("@")
    model = METRICS.get({"recall": "recall@10", "hit_rate": "hit_rate@10"}.get(family, ""))
    if model is None or not (depth.isascii() and depth.isdigit()):
        return MetricInfo(name)
    label, meaning = (text.replace("10", depth) for text in (model.label, model.meaning))
    return dataclasses.replace(model, label=label, meaning=meaning)


def is_metric(name: str) -> bool:
    """Whether a column holds a metric."""
    return name in METRICS or bool(metric_info(name).better)


def directed(name: str) -> str:
    """A metric's label with an arrow to its better side."""
    info = metric_info(name)
    return f"{info.label} {'↑' if info.better > 0 else '↓'}" if info.better else info.label


def metric_order(names: set[str]) -> list[str]:
    """Known metrics in the order above, then the others by name."""
    return [m for m in METRICS if m in names] + sorted(names - METRICS.keys())


def count(value: float | None) -> str:
    """A whole number with separators: 1,234,567."""
    return NOTHING if value is None else f"{value:,.0f}".replace("-", MINUS)


def playlists(number: float) -> str:
    """So many playlists: "1 playlist", "1,000 playlists"."""
    return f"{count(number)} playlist{'' if number == 1 else 's'}"


def fixed(value: float | None, decimals: int = 4) -> str:
    """A number with so many decimals, fewer where it is large."""
    if value is None:
        return NOTHING
    size = abs(value)
    if size >= 1e4:
        return count(value) if size < 1e15 else f"{value:.3g}"
    if size >= 100:
        decimals = min(decimals, 1)
    text = f"{value:.{decimals}f}"
    if size and not float(text):
        text = f"{value:.1e}"
    return text.replace("-", MINUS)


def metric(value: float | None, name: str) -> str:
    """A metric's value."""
    return fixed(value, metric_info(name).decimals)


def signed(value: float | None, decimals: int = 4) -> str:
    """A difference with its sign."""
    if value is None:
        return NOTHING
    text = fixed(value, decimals)
    return f"+{text}" if value > 0 else text


def interval(low: float | None, high: float | None, decimals: int = 4) -> str:
    """An interval as "0.1 to 0.2", or nothing where a bound is missing."""
    if low is None or high is None:
        return ""
    return f"{fixed(low, decimals)} to {fixed(high, decimals)}"


def percent(share: float | None) -> str:
    """A share of 1 as a percentage, with a decimal where it is small."""
    if share is None:
        return NOTHING
    value = 100 * share
    if value and abs(value) < 0.1:
        return "<0.1%" if value > 0 else f"{MINUS}0.1%"
    whole = abs(value) >= 10 or value == int(value)
    return f"{value:.0f}%".replace("-", MINUS) if whole else f"{value:.1f}%".replace("-", MINUS)


def p_value(value: float | None) -> str:
    """A probability; the smallest as a bound."""
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """Seconds as "0.4 s", "12 s", "3 min 05 s" or "2 h 07 min"."""
    if seconds is None or seconds < 0 or not math.isfinite(seconds):
        return NOTHING
    if 0 < seconds < 0.05:
        return "<0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(text: str) -> str:
    """An ISO time as "21 November 2025, 20:41"; what is not one stays as it is."""
    try:
        when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    zone = f" {when.tzname()}" if when.tzinfo else ""
    return f"{when.day} {when:%B %Y, %H:%M}{zone}"


def listing(names: list[str]) -> str:
    """Names as "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def setting(value: object) -> str:
    """A setting's value as it would be written in a configuration."""
    if isinstance(value, str):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, default=str)


def flatten(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as ("a.b", value) pairs."""
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            pairs += flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", setting(value)))
    return pairs

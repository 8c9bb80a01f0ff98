"""How numbers and names read in the report."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from typing import Any

from evaluation.metrics import Measure
from evaluation.metrics.registry import TABLE, describe, is_known

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"
#: Behind a label, by `Measure.direction`.
ARROWS = {1: " ↑", -1: " ↓", None: ""}


@dataclasses.dataclass(frozen=True)
class _Unknown(Measure):
    """What this Segue does not know, in the files of another: it keeps its name."""

    is_accuracy = False
    source = ""


def measure(name: str) -> Measure:
    """How a metric is shown."""
    return describe(name) if is_known(name) else _Unknown(name, name, "")


def directed(name: str) -> str:
    """A metric's label with an arrow to its better side."""
    return measure(name).label + ARROWS[measure(name).direction]


def metric_order(names: set[str]) -> list[str]:
    """Known metrics in the order of tables, then the others by name."""
    return [name for name in TABLE if name in names] + sorted(names - TABLE.keys())


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
    return fixed(value, measure(name).decimals)


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

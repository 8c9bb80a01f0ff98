"""Charts as geometry: positions in percent of the plot, which the templates turn into SVG.

The page draws its charts itself, without plotly.js: at 4.8 MB that script is twenty times the size
of the whole report, needs JavaScript, and prints at the width of the screen it was drawn on.
Percentages let text keep its size from a phone to paper, and colours follow the light or dark page.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from report import formatting
from schema.documents import Estimate


@dataclasses.dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in percent."""

    at: float
    label: str


@dataclasses.dataclass(frozen=True)
class Scale:
    """Maps numbers in [low, high] to percent of the plot."""

    low: float
    high: float

    def __call__(self, value: float) -> float:
        """The position in percent, kept inside the plot."""
        span = self.high - self.low
        if not span or not math.isfinite(span):
            return 50.0
        return round(min(100.0, max(0.0, 100 * (value - self.low) / span)), 2)

    def interval(self, found: Estimate) -> tuple[float, float | None, float | None]:
        """Where an estimate's mean and its bounds stand.

        Raises:
            ValueError: it has no mean.
        """
        if found.mean is None:
            raise ValueError("an estimate without a mean has no place")
        low, high = found.ci_low, found.ci_high
        return (
            self(found.mean),
            None if low is None else self(low),
            None if high is None else self(high),
        )

    def ticks(self, count: int = 4, *, sign: bool = False) -> list[Tick]:
        """Round numbers inside the scale, about `count` of them."""
        step = nice_step(self.high - self.low, count)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        show = formatting.signed if sign else formatting.fixed
        return [
            Tick(self(i * step), show(i * step, decimals) if i else "0")
            for i in range(first, last + 1)
        ]

    @staticmethod
    def around(values: Iterable[float | None], *, zero: bool = False) -> Scale:
        """A scale that holds all values with some air, and zero where asked for."""
        known = [v for v in values if v is not None and math.isfinite(v)]
        if zero or not known:
            known.append(0.0)
        low, high = min(known), max(known)
        air = 0.04 * (high - low) or abs(high) * 0.1 or 1.0
        from_zero = zero and low == 0
        to_zero = zero and high == 0 and not from_zero
        return Scale(low if from_zero else low - air, high if to_zero else high + air)


def nice_step(span: float, count: int) -> float:
    """1, 2 or 5 times a power of ten, such that about `count` steps make up the span."""
    if not span > 0 or not math.isfinite(span):
        return 1.0
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    return next((f * power for f in (1, 2, 5) if raw <= f * power * 1.0001), 10 * power)


@dataclasses.dataclass(frozen=True)
class Mark:
    """A value with its interval.

    Attributes:
        at: where the value stands.
        low: where its interval begins, if it has one.
        high: where its interval ends.
        series: picks colour and shape.
        tip: what is shown when the mouse rests on it.
        hollow: drawn empty, for what is not significant.
        y: its height in the row.
    """

    at: float
    low: float | None
    high: float | None
    series: int
    tip: str
    hollow: bool = False
    y: float = 50.0


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of a row chart."""

    label: str
    marks: list[Mark]
    strong: bool = False
    note: str = ""


@dataclasses.dataclass(frozen=True)
class RowChart:
    """Rows of marks over one horizontal axis: a dot plot or a forest plot.

    Attributes:
        zero: where the line of no difference stands, if any.
        axis: what the axis shows.
        alt: the chart in words.
    """

    rows: list[Row]
    ticks: list[Tick]
    axis: str
    alt: str
    title: str = ""
    zero: float | None = None


@dataclasses.dataclass(frozen=True)
class Point:
    """A point of a line, with its interval in percent from the bottom."""

    x: float
    y: float
    low: float | None
    high: float | None
    tip: str


@dataclasses.dataclass(frozen=True)
class Line:
    """One series of a line chart."""

    name: str
    series: int
    points: list[Point]

    @property
    def path(self) -> str:
        """The points for an SVG polyline in a box of 100 by 100, y downwards."""
        return " ".join(f"{p.x:g},{100 - p.y:g}" for p in self.points)


@dataclasses.dataclass(frozen=True)
class LineChart:
    """Lines over two axes; `dots` asks for the points to be marked."""

    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_axis: str
    y_axis: str
    alt: str
    title: str = ""
    dots: bool = True


@dataclasses.dataclass(frozen=True)
class Column:
    """A bar of a histogram: left edge, width and height in percent."""

    x: float
    width: float
    height: float
    tip: str
    kind: str = ""


@dataclasses.dataclass(frozen=True)
class ColumnChart:
    """A histogram."""

    columns: list[Column]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_axis: str
    y_axis: str
    alt: str
    title: str = ""
    zero: float | None = None


def columns(
    edges: Sequence[float], counts: Sequence[float], scale: Scale, *, tips: Sequence[str]
) -> tuple[list[Column], Scale]:
    """The bars of a histogram and their vertical scale; bars are coloured by their side of zero."""
    heights = Scale(0.0, max([*counts, 1.0]) * 1.05)
    bars = []
    for left, right, height, tip in zip(edges[:-1], edges[1:], counts, tips, strict=True):
        kind = "down" if right <= 0 else "up" if left >= 0 else ""
        x = scale(left)
        bars.append(Column(x, round(scale(right) - x, 2), heights(height), tip, kind))
    return bars, heights


def share_bars(values: Sequence[float | None]) -> list[float | None]:
    """Bar lengths in percent of the largest value, None for what is missing or negative."""
    top = max((v for v in values if v is not None), default=0.0)
    return [None if v is None or v < 0 or top <= 0 else round(100 * v / top, 1) for v in values]

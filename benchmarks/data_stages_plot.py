"""CPU time and memory of the data stages by size, from the bench's file to docs/data_stages.svg.

python -m benchmarks.data_stages_plot
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape

from benchmarks import harness

_FILE: Final = harness.ROOT / "docs" / "data_stages.svg"
_WIDTH, _HEIGHT = 760, 380
_PANEL, _TOP, _BOTTOM = 290, 48, 70
_LEFTS: Final = (70, 440)
# Okabe and Ito's colours suit any colour vision; markers tell the lines apart in print.
_COLOURS: Final = {
    "Ingest": "#0072B2",
    "StatisticsGen": "#E69F00",
    "Holdout": "#009E73",
    "Transform": "#D55E00",
    "all": "#000000",
}
_Scale = Callable[[float], float]


def draw(figures: dict[str, dict[str, Any]]) -> str:
    """Draws two panels with a line a stage; both axes are logarithmic.

    Args:
        figures: those of `benchmarks.data_stages`, by size.

    Returns:
        An SVG document.
    """
    sizes = sorted(map(int, figures))
    panels = (
        ("cpu_seconds", "CPU seconds", (10, 100, 1000, 10_000)),
        ("peak_mib", "memory at most, MiB", (500, 1000, 2000, 4000, 8000)),
    )
    parts = []
    for left, (key, title, ticks) in zip(_LEFTS, panels, strict=True):
        x = _scale(sizes[0], max(sizes[-1], 2 * sizes[0]), left, left + _PANEL)
        y = _scale(ticks[0], ticks[-1], _HEIGHT - _BOTTOM, _TOP)
        parts += _axes(left, title, x, y, sizes=sizes, ticks=ticks)
        for stage, colour in _COLOURS.items():
            points = [(x(size), y(figures[str(size)][stage][key])) for size in sizes]
            parts += _line(points, colour)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="12">\n'
        "<title>CPU time and memory of the data stages by number of playlists</title>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
        + "\n".join([*parts, *_legend()])
        + "\n</svg>\n"
    )


def _scale(low: float, high: float, start: float, end: float) -> _Scale:
    return lambda value: start + math.log(value / low) / math.log(high / low) * (end - start)


def _axes(
    left: int, title: str, x: _Scale, y: _Scale, *, sizes: list[int], ticks: tuple[int, ...]
) -> list[str]:
    parts = [f'<text x="{left}" y="28" font-weight="bold">{escape(title)}</text>']
    for tick in ticks:
        at = y(tick)
        parts.append(
            f'<line x1="{left}" x2="{left + _PANEL}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{tick:,}</text>'
        )
    for size in sizes:
        parts.append(
            f'<text x="{x(size):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
            f"{size:,}</text>"
        )
    return parts


def _line(points: list[tuple[float, float]], colour: str) -> list[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points),
    ]


def _legend() -> list[str]:
    parts = []
    for index, (stage, colour) in enumerate(_COLOURS.items()):
        x, y = _LEFTS[0] + index * 125, _HEIGHT - 18
        parts.append(
            f'<line x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" '
            f'stroke-width="2"/><text x="{x + 28}" y="{y}">{stage}</text>'
        )
    return parts


def main() -> None:
    """Writes the drawing of the last measurement."""
    content = json.loads((harness.RESULTS / "data-stages.json").read_text(encoding="utf-8"))
    _FILE.write_text(draw(content["figures"]), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The gate's rates of blessing as a small SVG, without a plotting library to install."""

from __future__ import annotations

from typing import Any, Final
from xml.sax.saxutils import escape

_WIDTH: Final = 720
_HEIGHT: Final = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 56, 64
# Okabe and Ito's colours suit any colour vision; dashes tell the lines apart in print.
_STYLES: Final = {
    "not_significantly_worse": ("#0072B2", ""),
    "non_inferior": ("#D55E00", "6 4"),
    "better": ("#009E73", "2 3"),
}


def draw(found: dict[str, Any]) -> str:
    """Draws the share of blessed candidates against their true gain or loss.

    Args:
        found: what `benchmarks.gate_honesty` writes as JSON.

    Returns:
        An SVG document.
    """
    points = [point for curve in found["curves"].values() for point in curve]
    low = min(point["size"] for point in points)
    high = max(point["size"] for point in points)
    parts = [*_axes(low, high, found), *_legend()]
    for rule, curve in found["curves"].items():
        parts += _curve(sorted(curve, key=lambda point: point["size"]), rule, low, high)
    title = f"Share of candidates that the gate blesses ({found['playlists']} playlists)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="12">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _x(size: float, low: float, high: float) -> float:
    return _LEFT + (size - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(low: float, high: float, found: dict[str, Any]) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for percent in (0, 20, 40, 60, 80, 100):
        y = _y(percent / 100)
        parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent}%</text>')
    alpha = _y(found["alpha"])
    parts.append(
        f'<line x1="{_LEFT}" x2="{right}" y1="{alpha:.1f}" y2="{alpha:.1f}" stroke="#999" '
        f'stroke-dasharray="4 3"/><text x="{right}" y="{alpha - 5:.1f}" text-anchor="end" '
        f'fill="#666">nominal {found["alpha"]:.0%}</text>'
    )
    for percent in range(round(low * 100), round(high * 100) + 1, 5):
        x = _x(percent / 100, low, high)
        label = f"{percent:+d}%" if percent else "equal"
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="#666"/>'
        )
    caption = f"true difference to the served model in {found['metric']}, relative to its mean"
    middle = (_LEFT + right) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 22}" text-anchor="middle">{escape(caption)}</text>'
    )
    return parts


def _legend() -> list[str]:
    parts = []
    for i, (rule, (colour, dash)) in enumerate(_STYLES.items()):
        x = _LEFT + i * 190
        parts.append(
            f'<line x1="{x}" x2="{x + 26}" y1="38" y2="38" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/><text x="{x + 32}" y="42">{rule}</text>'
        )
    return parts


def _curve(curve: list[dict[str, Any]], rule: str, low: float, high: float) -> list[str]:
    colour, dash = _STYLES[rule]
    line = " ".join(f"{_x(p['size'], low, high):.1f},{_y(p['rate']):.1f}" for p in curve)
    parts = [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>'
    ]
    for point in curve:
        x = _x(point["size"], low, high)
        top, bottom = _y(point["ci_high"]), _y(point["ci_low"])
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{colour}"/>'
            f'<circle cx="{x:.1f}" cy="{_y(point["rate"]):.1f}" r="3" fill="{colour}">'
            f"<title>{rule}, {point['size']:+.1%}: {point['rate']:.1%} of {point['simulations']}"
            "</title></circle>"
        )
    return parts

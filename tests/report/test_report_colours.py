"""Text and marks can be told from the page, light and dark (WCAG 2.1, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import report

CSS = (Path(report.__file__).parent / "templates" / "report.css").read_text()
THEMES = [
    dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{3,6})", block))
    for block in re.findall(r":root \{(.+?)\}", CSS, re.DOTALL)
]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    digits = colour[1:]
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_the_extremes() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#777") == pytest.approx(1)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_colours_are_told_from_the_page(theme: dict[str, str]) -> None:
    assert len(theme) >= 15
    for name in ("ink", "muted", "good", "bad", "open", "s0"):
        assert contrast(theme[name], theme["page"]) >= 4.5, name
    for number in range(8):
        assert contrast(theme[f"s{number}"], theme["page"]) >= 3, number

"""Tables of several sections."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Cell:
    """A value of a table; `heat` in percent says how it stands among its row's or column's."""

    text: str
    interval: str = ""
    best: bool = False
    heat: float | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with a header row and a header column."""

    caption: str
    head: list[str]
    rows: list[tuple[str, list[Cell]]]
    corner: str

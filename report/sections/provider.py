"""The provider's side: whose tracks are shown, and how well known they are."""

from __future__ import annotations

from typing import Any, Final

from report import formatting
from report.loading import RunResults
from report.sections.tables import Cell, Table
from schema.documents import Exposure

# What people look for themselves, beside the models.
_WITHHELD: Final = "Withheld"
_ALL: Final = ""


def build(results: RunResults) -> dict[str, Any]:
    """What templates/provider.html shows."""
    known = results.metrics.models
    found = {
        model: known[model].exposure
        for model in results.models
        if model in known and _ALL in known[model].exposure
    }
    groups = [name for name in results.scenarios if any(name in each for each in found.values())]
    return {
        "popularity": _by_popularity({model: each[_ALL] for model, each in found.items()}),
        "found": _found({model: each[_ALL] for model, each in found.items()}),
        "artists": _by_artists(found, [_ALL, *groups]),
        "details": [
            table
            for name in groups
            if (
                table := _by_popularity(
                    {model: each[name] for model, each in found.items() if name in each}, name
                )
            )
        ],
    }


def _by_popularity(found: dict[str, Exposure], of: str = "") -> Table | None:
    if not found:
        return None
    first = next(iter(found.values()))
    rows = []
    for place, group in enumerate(first.by_popularity):
        shares = [each.by_popularity[place].shown for each in found.values()]
        cells = [_share(share) for share in (group.withheld, *shares)]
        rows.append((group.playlists, cells))
    caption = "Share of what is shown, by the number of training playlists that hold the track"
    return Table(f"{caption}{': ' if of else ''}{of}", [_WITHHELD, *found], rows, "Playlists")


def _found(found: dict[str, Exposure]) -> Table | None:
    if not found:
        return None
    rows = [
        (share.playlists, [_share(each.by_popularity[place].found) for each in found.values()])
        for place, share in enumerate(next(iter(found.values())).by_popularity)
    ]
    caption = "Share of withheld tracks that the lists have, by the number of training playlists"
    return Table(caption, [*found], rows, "Playlists")


def _share(value: float | None) -> Cell:
    return Cell(formatting.percent(value))


def _by_artists(found: dict[str, dict[str, Exposure]], groups: list[str]) -> Table | None:
    if not found:
        return None
    rows = []
    for name in groups:
        of = {model: each[name] for model, each in found.items() if name in each}
        first = next(iter(of.values()))
        cells = [_artists(first.withheld_artists_of_half, first.withheld_artists)]
        cells += [
            _artists(of[model].artists_of_half, of[model].artists) if model in of else Cell("–")
            for model in found
        ]
        rows.append((name or "Overall", cells))
    caption = "Artists who have half of what is shown; below, all who are shown to anybody"
    return Table(caption, [_WITHHELD, *found], rows, "Scenario")


def _artists(half: int | None, all_of_them: int) -> Cell:
    return Cell(formatting.count(half), f"of {formatting.count(all_of_them)}")

"""Examples: what the candidate recommends for a few held-out playlists, with names."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults
from report.values import as_dict, as_dicts, as_number, as_text

MAX_EXAMPLES = 12
MAX_SEEDS = 6
MAX_RECOMMENDED = 10


@dataclasses.dataclass(frozen=True)
class Song:
    """A track with its artist; `hit` where the track had been withheld."""

    track: str
    artist: str
    score: str = ""
    hit: bool = False


@dataclasses.dataclass(frozen=True)
class Example:
    """A held-out playlist with what was recommended for it."""

    title: str
    scenario: str
    seeds: list[Song]
    more_seeds: int
    recommended: list[Song]
    outcome: str


def build(results: RunResults) -> dict[str, Any]:
    """What templates/examples.html shows."""
    found = as_dicts(results.details.get("examples"))[:MAX_EXAMPLES]
    return {"examples": [_example(entry) for entry in found], "candidate": results.candidate}


def _example(entry: dict[str, Any]) -> Example:
    seeds = [_song(song) for song in as_dicts(entry.get("seeds"))]
    recommended = [_song(song) for song in as_dicts(entry.get("recommended"))][:MAX_RECOMMENDED]
    hits = sum(song.hit for song in recommended)
    withheld = as_number(entry.get("withheld"))
    outcome = f"{hits} of the first {len(recommended)}" if recommended else "Nothing recommended"
    if withheld is not None:
        outcome += f" · {formatting.count(withheld)} tracks were withheld"
    return Example(
        as_text(entry.get("title")),
        as_text(entry.get("scenario")),
        seeds[:MAX_SEEDS],
        max(0, len(seeds) - MAX_SEEDS),
        recommended,
        outcome,
    )


def _song(song: dict[str, Any]) -> Song:
    score = as_number(as_dict(song).get("score"))
    return Song(
        as_text(song.get("track")) or "unknown track",
        as_text(song.get("artist")),
        "" if score is None else formatting.fixed(score, 3),
        song.get("hit") is True,
    )

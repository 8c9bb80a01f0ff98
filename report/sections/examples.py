"""Examples: what the candidate recommends for a few held-out playlists, with names."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults
from schema import documents

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
    found = results.details.examples[:MAX_EXAMPLES]
    return {"examples": [_example(entry) for entry in found], "candidate": results.candidate}


def _example(entry: documents.Example) -> Example:
    recommended = [_song(song) for song in entry.recommended[:MAX_RECOMMENDED]]
    hits = sum(song.hit for song in recommended)
    outcome = f"{hits} of the first {len(recommended)}" if recommended else "Nothing recommended"
    if entry.withheld is not None:
        outcome += f" · {formatting.count(entry.withheld)} tracks were withheld"
    return Example(
        entry.title,
        entry.scenario,
        [_song(song) for song in entry.seeds[:MAX_SEEDS]],
        max(0, len(entry.seeds) - MAX_SEEDS),
        recommended,
        outcome,
    )


def _song(song: documents.Song) -> Song:
    name = song.track or "unknown track"
    if not isinstance(song, documents.RecommendedSong):
        return Song(name, song.artist)
    score = "" if song.score is None else formatting.fixed(song.score, 3)
    return Song(name, song.artist, score, song.hit)

"""What a synthetic playlist is about, and the tracks that follow from it."""

from __future__ import annotations

import dataclasses
import random
from typing import Final

import numpy as np

from sample import names, titles
from sample.world import GENRES, MOODS, World, choose_by_row

_GENRE_NAMES: Final = tuple(GENRES)
_NOISE_SHARE: Final = 0.05  # of tracks have nothing to do with the theme
_ALBUM_RUN_SHARE: Final = 0.12  # of tracks are followed by the next one of their artist


@dataclasses.dataclass(frozen=True)
class Theme:
    """A playlist's theme.

    Attributes:
        title: the playlist's name.
        scenes: int64 [K], the scenes that it draws from.
        scene_chances: float64 [K], summed to 1.
        mood: index into MOODS.
        mood_share: how much of it has to be in that mood.
        artist: the artist whom it is about, or None.
        artist_share: how much of it is by that artist.
    """

    title: str
    scenes: np.ndarray
    scene_chances: np.ndarray
    mood: int
    mood_share: float
    artist: int | None = None
    artist_share: float = 0.0


def _scenes_around(
    world: World, rng: np.random.Generator, first: int, others: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns `first` and up to `others` akin to it, and their summed shares."""
    akin = choose_by_row(
        world.affinity[first : first + 1], np.zeros(others, int), rng.random(others)
    )
    scenes = np.concatenate([[first], np.unique(akin)])
    shares = np.concatenate([[1.5], rng.random(len(scenes) - 1)])
    return scenes, np.cumsum(shares / shares.sum())


def _any_scenes(
    world: World, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    draws = rng.random(count) * world.scene_weights[-1]
    scenes = np.unique(np.searchsorted(world.scene_weights, draws, side="right") - 1)
    shares = rng.random(len(scenes)) + 0.2
    return scenes, np.cumsum(shares / shares.sum())


def _genre_mood(dice: random.Random, genre: str) -> int:
    if dice.random() < 0.8:
        return MOODS.index(dice.choice(GENRES[genre]))
    return dice.randrange(len(MOODS))


def draw_theme(world: World, rng: np.random.Generator, dice: random.Random) -> Theme:
    """Draws what a playlist is about.

    A scene or its genre (45%), a mood of a genre (20%), a mood wherever it is found (15%), an
    artist (8%), or nothing in particular (12%).
    """
    kind = dice.random()
    main = world.scene_weights[-1] * dice.random()
    scene = int(np.searchsorted(world.scene_weights, main, side="right")) - 1
    genre = _GENRE_NAMES[world.scene_genre[scene]]
    mood = _genre_mood(dice, genre)
    artist, artist_share, title_mood = None, 0.0, None
    if kind < 0.45:
        scenes, chances = _scenes_around(world, rng, scene, dice.randrange(4))
        mood_share = dice.choice((0.0, 0.0, 0.5))
        if dice.random() < 0.4:
            title = names.scene_name(world.seed, scene)
        else:
            title = titles.genre_title(dice, genre)
    elif kind < 0.65:
        scenes, chances = _scenes_around(world, rng, scene, dice.randrange(1, 4))
        mood_share, title_mood = 0.85, MOODS[mood]
        title = titles.mood_title(dice, MOODS[mood], genre)
    elif kind < 0.8:
        scenes, chances = _any_scenes(world, rng, dice.randrange(3, 9))
        mood_share, title_mood = 0.9, MOODS[mood]
        title = titles.mood_title(dice, MOODS[mood])
    elif kind < 0.88:
        draw = world.artist_weights[-1] * dice.random()
        artist = int(np.searchsorted(world.artist_weights, draw, side="right")) - 1
        artist_share, mood_share = dice.uniform(0.3, 0.7), 0.0
        scenes, chances = _scenes_around(world, rng, int(world.artist_scene[artist]), 2)
        title = names.artist_name(world.seed, artist)
    else:
        scenes, chances = _any_scenes(world, rng, dice.randrange(2, 7))
        mood_share = 0.0
        title = titles.generic_title(dice)
    title = titles.finish(dice, title, title_mood)
    return Theme(title, scenes, chances, mood, mood_share, artist, artist_share)


def _draw_entries(world: World, rng: np.random.Generator, theme: Theme, count: int) -> np.ndarray:
    """Draws tracks of the theme's scenes, by popularity, with repeats."""
    moods = len(MOODS)
    scene = theme.scenes[np.searchsorted(theme.scene_chances[:-1], rng.random(count), side="right")]
    start = world.cell_start[scene * moods]
    end = world.cell_start[(scene + 1) * moods]
    if theme.mood_share:
        cell = scene * moods + theme.mood
        mood_start, mood_end = world.cell_start[cell], world.cell_start[cell + 1]
        in_mood = (rng.random(count) < theme.mood_share) & (mood_end > mood_start)
        start = np.where(in_mood, mood_start, start)
        end = np.where(in_mood, mood_end, end)
    anywhere = (rng.random(count) < _NOISE_SHARE) | (end == start)
    start = np.where(anywhere, 0, start)
    end = np.where(anywhere, len(world.entry_track), end)
    return world.entry_track[_weighted(world.entry_weights, start, end, rng.random(count))]


def _weighted(
    summed: np.ndarray, start: np.ndarray, end: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    low, high = summed[start], summed[end]
    at = np.searchsorted(summed, low + draws * (high - low), side="right") - 1
    return np.clip(at, start, end - 1)


def _first_occurrences(tracks: np.ndarray) -> np.ndarray:
    _, first = np.unique(tracks, return_index=True)
    first.sort()
    return tracks[first]


def draw_tracks(world: World, rng: np.random.Generator, theme: Theme, length: int) -> np.ndarray:
    """Draws `length` distinct tracks, of three artists or more, in playlist order.

    Where the theme has fewer tracks than that, popular ones from anywhere fill the playlist.
    """
    drawn = np.empty(0, dtype=np.int64)
    count = length + length // 2 + 8
    for _ in range(3):
        more = _draw_entries(world, rng, theme, count).astype(np.int64)
        if theme.artist is not None:
            own = rng.random(count) < theme.artist_share
            low, high = world.artist_start[theme.artist], world.artist_start[theme.artist + 1]
            more[own] = rng.integers(low, high, count)[own]
        run = np.flatnonzero(rng.random(count - 1) < _ALBUM_RUN_SHARE)
        following = np.minimum(more[run] + 1, world.tracks - 1)
        same_artist = world.artist_of[following] == world.artist_of[more[run]]
        more[run[same_artist] + 1] = following[same_artist]
        drawn = _first_occurrences(np.concatenate([drawn, more]))
        if len(drawn) >= length:
            break
    drawn = drawn[:length]
    while len(drawn) < length or len(np.unique(world.artist_of[drawn[:length]])) < 3:
        anything = rng.random(length + 8)
        entries = len(world.entry_track)
        zeros = np.zeros(len(anything), dtype=np.int64)
        more = world.entry_track[_weighted(world.entry_weights, zeros, zeros + entries, anything)]
        kept = drawn if len(drawn) < length else drawn[: length - 2]
        drawn = _first_occurrences(np.concatenate([kept, more]))[:length]
    return drawn

"""The tracks that listeners find: those of the playlists, and new releases in no playlist.

How often a track is played changes from day to day. A release is played most in its first days, and
some tracks, old or new, have a wave of some days. Before its release a track is not played at all.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from sample.listeners.kinds import RELEASES, UNHEARD_SHARE, WAVES, WorldSize
from sample.listeners.space import Space
from sample.playlists import PlaylistMaker
from sample.world import MOODS, World

_OLDEST: Final = -55 * 365  # days before the first one
_RELEASED_BEFORE: Final = 30  # new releases come from so many days before the first one on
_FRESH: Final = (6.0, 4.0)  # so many times as popular at release, falling by e in so many days
_WAVE_SHARE: Final = 0.004  # of tracks
_WAVE_DAYS: Final = 1.5  # standard deviation


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """C tracks, sorted by cell: the pairs of scene and mood that have tracks.

    Attributes:
        world: of the playlists.
        space: the latent space.
        number: int64 [C], what the track's name and URI follow from.
        artist: int32 [C].
        album: int64 [C], what the album's name and URI follow from.
        duration_ms: int32 [C].
        scene: int32 [C].
        mood: int32 [C].
        vectors: float32 [C, DIMENSIONS].
        release_day: int32 [C], in days since 1970.
        is_heard: bool [C], whether a playlist has it.
        cell_start: int64 [J + 1], the first track of each cell.
        cell_vectors: float32 [J, DIMENSIONS].
        weights: float64 [days * C + 1], summed popularity, day after day.
        cell_weights: float64 [days, J], the popularity of each cell.
    """

    world: World
    space: Space
    number: np.ndarray
    artist: np.ndarray
    album: np.ndarray
    duration_ms: np.ndarray
    scene: np.ndarray
    mood: np.ndarray
    vectors: np.ndarray
    release_day: np.ndarray
    is_heard: np.ndarray
    cell_start: np.ndarray
    cell_vectors: np.ndarray
    weights: np.ndarray
    cell_weights: np.ndarray

    @property
    def tracks(self) -> int:
        """How many there are."""
        return len(self.number)

    def draw(self, day: np.ndarray, cell: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Draws a track of each cell by its popularity on a day.

        Args:
            day: int [N], from 0.
            cell: int [N].
            draws: float64 [N] in [0, 1).

        Returns:
            int64 [N] in [0, C).
        """
        start = day * self.tracks + self.cell_start[cell]
        end = day * self.tracks + self.cell_start[cell + 1]
        low, high = self.weights[start], self.weights[end]
        at = np.searchsorted(self.weights, low + draws * (high - low), side="right") - 1
        return np.clip(at, start, end - 1) - day * self.tracks


def build_catalogue(size: WorldSize) -> Catalogue:
    """Draws the catalogue of a world; it does not depend on the number of listeners."""
    maker = PlaylistMaker(size.playlists, size.seed)
    world = maker.world
    rng = np.random.default_rng([size.seed, RELEASES, world.tracks, size.playlists, size.days])
    popularity, mood = _of_entries(world)
    heard = _heard(maker, size.playlists)
    new = round(len(heard) * UNHEARD_SHARE / (1 - UNHEARD_SHARE))
    # A release is like some track of its artist that there was before.
    draws = rng.random(new) * world.artist_weights[-1]
    by = np.searchsorted(world.artist_weights, draws, side="right") - 1
    like = world.artist_start[by] + (
        rng.random(new) * (world.artist_start[by + 1] - world.artist_start[by])
    ).astype(np.int64)
    model = np.concatenate([heard, like])
    number = np.concatenate([heard, world.tracks + np.arange(new)])
    album = np.concatenate([world.album_of[heard], world.album_of[-1] + 1 + np.arange(new)])
    scene = world.artist_scene[world.artist_of[model]]
    duration = world.duration_ms[model] + np.where(number < world.tracks, 0, rng.integers(1_000))
    release = np.concatenate(
        [
            _releases_of_albums(rng, world)[world.album_of[heard]],
            rng.integers(-_RELEASED_BEFORE, size.days, new),
        ]
    )
    space = Space.of(world)
    vectors = space.tracks(rng, scene, mood[model])
    order = np.lexsort((number, mood[model], scene))
    cell = scene[order].astype(np.int64) * len(MOODS) + mood[model][order]
    cells, first = np.unique(cell, return_index=True)
    cell_start = np.append(first, len(cell))
    daily = _daily(size, popularity[model][order], release[order])
    return Catalogue(
        world=world,
        space=space,
        number=number[order],
        artist=world.artist_of[model][order],
        album=album[order],
        duration_ms=duration[order].astype(np.int32),
        scene=scene[order],
        mood=mood[model][order],
        vectors=vectors[order].astype(np.float32),
        release_day=(release[order] + size.first_day).astype(np.int32),
        is_heard=number[order] < world.tracks,
        cell_start=cell_start,
        cell_vectors=space.cells(cells // len(MOODS), cells % len(MOODS)).astype(np.float32),
        weights=np.concatenate([[0.0], np.cumsum(daily)]),
        cell_weights=np.add.reduceat(daily, cell_start[:-1], axis=1),
    )


def _heard(maker: PlaylistMaker, playlists: int) -> np.ndarray:
    """The tracks that are in playlists, ascending."""
    found = np.zeros(maker.world.tracks, dtype=bool)
    for index in range(playlists):
        found[maker.tracks(index)] = True
    return np.flatnonzero(found)


def _of_entries(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Popularity and mood of each track, from the entries in which a world keeps them."""
    weight = np.zeros(world.tracks)
    np.maximum.at(weight, world.entry_track, np.diff(world.entry_weights))
    mood = np.empty(world.tracks, dtype=np.int32)
    cell = np.repeat(np.arange(len(world.cell_start) - 1), np.diff(world.cell_start))
    mood[world.entry_track] = cell % len(MOODS)
    return weight, mood


def _releases_of_albums(rng: np.random.Generator, world: World) -> np.ndarray:
    """Days before the first one on which albums came out: half of them in its last five years."""
    albums = int(world.album_of[-1]) + 1
    age = rng.exponential(5 * 365 / np.log(2), albums)
    return -1 - np.minimum(age.astype(np.int64), -_OLDEST)


def _daily(size: WorldSize, popularity: np.ndarray, release: np.ndarray) -> np.ndarray:
    """Popularity of each track on each day: float64 [days, C]."""
    rng = np.random.default_rng([size.seed, WAVES, len(popularity), size.days])
    day = np.arange(size.days)[:, None]
    age = day - release[None, :]
    boost, fading = _FRESH
    daily = popularity * (1 + boost * np.exp(-np.maximum(age, 0) / fading))
    waves = rng.choice(len(popularity), max(1, round(_WAVE_SHARE * len(popularity))), replace=False)
    peak = rng.uniform(-1, size.days + 1, len(waves))
    height = np.quantile(popularity, 0.99) * rng.uniform(1, 5, len(waves))
    daily[:, waves] += height * np.exp(-0.5 * ((day - peak) / _WAVE_DAYS) ** 2)
    daily[age < 0] = 0.0
    return daily

"""The catalogue of a synthetic world: scenes, artists, albums and tracks, as arrays."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

MOODS: Final = (
    "happy", "sad", "chill", "party", "love", "angry", "focus", "workout", "nostalgic", "sleep",
)  # fmt: skip

#: Genres in a ring: neighbours overlap. Each has the moods that prevail in it.
GENRES: Final[dict[str, tuple[str, ...]]] = {
    "country": ("happy", "love", "party"),
    "folk": ("chill", "sad", "sleep"),
    "indie": ("chill", "sad", "happy"),
    "alternative": ("angry", "sad", "nostalgic"),
    "rock": ("workout", "party", "nostalgic"),
    "punk": ("angry", "workout", "party"),
    "metal": ("angry", "workout"),
    "electronic": ("workout", "party", "focus"),
    "house": ("party", "happy", "workout"),
    "ambient": ("sleep", "focus", "chill"),
    "classical": ("focus", "sleep", "sad"),
    "soundtrack": ("focus", "nostalgic", "love"),
    "jazz": ("chill", "focus", "love"),
    "soul": ("love", "happy", "nostalgic"),
    "rnb": ("love", "chill", "sad"),
    "hip hop": ("workout", "party", "angry"),
    "trap": ("party", "angry", "workout"),
    "reggaeton": ("party", "happy", "love"),
    "latin": ("love", "happy", "party"),
    "pop": ("happy", "party", "love"),
}

# Exponents of the Zipf laws: of scenes, of artists, and of tracks within their artist.
_SCENE_ZIPF: Final = 0.5
_ARTIST_ZIPF: Final = 0.95
_TRACK_ZIPF: Final = 0.8
_TRACKS_PER_ARTIST: Final = 7.5
_TRACKS_PER_ALBUM: Final = 3.0
_SECOND_SCENE_SHARE: Final = 0.3  # of artists, who are heard there 0.4 times as much
_SECOND_SCENE_WEIGHT: Final = 0.4
_TRACK_SECONDS: Final = (5.42, 0.28)  # lognormal: a median of 226 s


def catalogue_bound(playlists: int) -> int:
    """Returns the number of playlists that the catalogue for `playlists` is made for.

    It goes in steps of 4 (250, 1,000, 4,000, ... 1,024,000), so that a sample can grow within a
    step and keep the playlists that it had.
    """
    bound = 250
    while bound < playlists:
        bound *= 4
    return bound


def catalogue_size(playlists: int) -> int:
    """Returns about how many tracks the world of this many playlists has.

    1,750 for up to 250 playlists, 14,000 for up to 4,000, 2.3 million (as the MPD) for 1,000,000.
    """
    steps = catalogue_bound(playlists) / 4_000
    return round(14_000 * steps ** (0.75 if steps < 1 else 0.92))


@dataclasses.dataclass(frozen=True)
class World:
    """T tracks of A artists in S scenes. Tracks of an artist, and of an album, are neighbours.

    A scene's tracks lie in E >= T entries, sorted by scene and by mood in it; a track whose artist
    belongs to two scenes has two. Sampling is a binary search in the entries' summed weights.

    Attributes:
        seed: what everything here was drawn from.
        artist_of: int32 [T].
        album_of: int32 [T].
        duration_ms: int32 [T].
        artist_start: int64 [A + 1], the first track of each artist.
        artist_scene: int32 [A], the main scene.
        artist_weights: float64 [A + 1], summed popularity.
        scene_genre: int32 [S], indices into GENRES.
        scene_weights: float64 [S + 1], summed popularity.
        affinity: float64 [S, S], each row the summed chances that a lover of scene s adds another.
        entry_track: int32 [E].
        entry_weights: float64 [E + 1], summed popularity.
        cell_start: int64 [S * M + 1], the first entry of each scene and mood (M moods).
    """

    seed: int
    artist_of: np.ndarray
    album_of: np.ndarray
    duration_ms: np.ndarray
    artist_start: np.ndarray
    artist_scene: np.ndarray
    artist_weights: np.ndarray
    scene_genre: np.ndarray
    scene_weights: np.ndarray
    affinity: np.ndarray
    entry_track: np.ndarray
    entry_weights: np.ndarray
    cell_start: np.ndarray

    @property
    def tracks(self) -> int:
        """Number of tracks."""
        return len(self.artist_of)

    @property
    def scenes(self) -> int:
        """Number of scenes."""
        return len(self.scene_genre)


def _zipf(count: int, exponent: float) -> np.ndarray:
    return np.arange(1, count + 1, dtype=np.float64) ** -exponent


def _summed(weights: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(weights)])


def choose_by_row(summed: np.ndarray, rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Draws a column for each of `rows` of a matrix of summed chances.

    Args:
        summed: float64 [R, C], rows ascending to exactly 1.
        rows: int [N].
        draws: float64 [N] in [0, 1).

    Returns:
        int64 [N] in [0, C).
    """
    # Row r is moved to (r, r + 1], so that one binary search serves all rows.
    flat = (summed + np.arange(len(summed))[:, None]).ravel()
    return np.searchsorted(flat, rows + draws, side="right") - rows * summed.shape[1]


def _chances(weights: np.ndarray) -> np.ndarray:
    summed = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    summed[:, -1] = 1.0
    return summed


def _draw_scenes(rng: np.random.Generator, scenes: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the genre of each scene and the affinity between scenes."""
    genres = len(GENRES)
    genre = np.arange(scenes) % genres
    genre[genres:] = rng.choice(genres, max(0, scenes - genres), p=_zipf_share(rng, genres))
    apart = np.abs(genre[:, None] - genre[None, :])
    apart = np.minimum(apart, genres - apart)
    near = np.select([apart == 0, apart == 1], [1.0, 0.25], 0.01)
    # Not every pair of scenes of a genre goes together.
    near *= rng.gamma(0.5, 2.0, (scenes, scenes)) * _zipf(scenes, _SCENE_ZIPF)
    np.fill_diagonal(near, 0.0)
    return genre.astype(np.int32), _chances(near)


def _zipf_share(rng: np.random.Generator, count: int) -> np.ndarray:
    share = rng.permutation(_zipf(count, _SCENE_ZIPF))
    return share / share.sum()


def _draw_moods(
    rng: np.random.Generator, scene_genre: np.ndarray, artist_scene: np.ndarray, artist: np.ndarray
) -> np.ndarray:
    """Returns the mood of each track: three in five have their artist's, the rest the genre's."""
    chances = np.full((len(GENRES), len(MOODS)), 0.2 / len(MOODS))
    for row, moods in enumerate(GENRES.values()):
        chances[row, [MOODS.index(mood) for mood in moods]] += 0.8 / len(moods)
    summed = _chances(chances)
    artist_genre = scene_genre[artist_scene]
    main = choose_by_row(summed, artist_genre, rng.random(len(artist_scene)))
    own = choose_by_row(summed, artist_genre[artist], rng.random(len(artist)))
    return np.where(rng.random(len(artist)) < 0.6, main[artist], own)


def build_world(playlists: int, seed: int) -> World:
    """Draws the catalogue for up to `catalogue_bound(playlists)` playlists.

    Args:
        playlists: how many playlists to draw from it.
        seed: any non-negative int; the same gives the same world.
    """
    size = catalogue_size(playlists)
    rng = np.random.default_rng([seed, size])
    artists = max(3, round(size / _TRACKS_PER_ARTIST))
    scenes = max(len(GENRES), round(1.8 * artists**0.5))
    scene_genre, affinity = _draw_scenes(rng, scenes)
    scene_popularity = _zipf(scenes, _SCENE_ZIPF)
    scene_share = scene_popularity / scene_popularity.sum()

    # Popular artists have more tracks, though far from in proportion.
    tracks_of = _zipf(artists, 0.3) * rng.gamma(4.0, 0.25, artists)
    tracks_of = np.maximum(1, np.rint(tracks_of * size / tracks_of.sum())).astype(np.int64)
    artist_start = np.concatenate([[0], np.cumsum(tracks_of)])
    artist_of = np.repeat(np.arange(artists, dtype=np.int32), tracks_of)
    artist_popularity = _zipf(artists, _ARTIST_ZIPF)
    artist_scene = rng.choice(scenes, artists, p=scene_share).astype(np.int32)

    tracks = len(artist_of)
    new_album = rng.random(tracks) < 1 / _TRACKS_PER_ALBUM
    new_album[artist_start[:-1]] = True
    album_of = (np.cumsum(new_album) - 1).astype(np.int32)
    # The rank of a track among its artist's is random, not its place in the discography.
    order = np.lexsort((rng.random(tracks), artist_of))
    rank = np.empty(tracks, dtype=np.int64)
    rank[order] = np.arange(tracks) - artist_start[artist_of]
    in_artist = (rank + 1.0) ** -_TRACK_ZIPF
    weight = artist_popularity[artist_of] * in_artist
    mood = _draw_moods(rng, scene_genre, artist_scene, artist_of)
    duration = np.exp(rng.normal(*_TRACK_SECONDS, tracks)).clip(60, 900) * 1000

    second = rng.random(artists) < _SECOND_SCENE_SHARE
    second_scene = choose_by_row(affinity, artist_scene, rng.random(artists))
    also = np.flatnonzero(second[artist_of])
    entry_track = np.concatenate([np.arange(tracks, dtype=np.int32), also.astype(np.int32)])
    entry_scene = np.concatenate([artist_scene[artist_of], second_scene[artist_of[also]]])
    entry_weight = np.concatenate([weight, weight[also] * _SECOND_SCENE_WEIGHT])
    cell = entry_scene.astype(np.int64) * len(MOODS) + mood[entry_track]
    by_cell = np.argsort(cell, kind="stable")
    return World(
        seed=seed,
        artist_of=artist_of,
        album_of=album_of,
        duration_ms=duration.astype(np.int32),
        artist_start=artist_start,
        artist_scene=artist_scene,
        artist_weights=_summed(artist_popularity),
        scene_genre=scene_genre,
        scene_weights=_summed(scene_popularity),
        affinity=affinity,
        entry_track=entry_track[by_cell],
        entry_weights=_summed(entry_weight[by_cell]),
        cell_start=np.searchsorted(cell[by_cell], np.arange(scenes * len(MOODS) + 1)),
    )

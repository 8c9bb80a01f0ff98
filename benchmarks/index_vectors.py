"""Vectors of tracks and playlists to search in, made up or made of real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

DIMENSIONS: Final = 128

_GENRES: Final = 200
_TRACKS_PER_SCENE: Final = 100
_SEEDS: Final = (1, 5, 10, 25)
# Rows that are made at once.
_BLOCK: Final = 1 << 17


def clustered(
    tracks: int, queries: int, seed: int, blur: float = 0.8
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors like those that ALS makes of playlists.

    Tracks belong to scenes, some scenes are much bigger than others, and scenes belong to one of
    200 genres. Each level adds normal noise whose deviation falls with the dimension i as i^-0.25,
    `blur` times the genres' own. Lengths are 0.28 plus a log-normal number, about as ALS with its
    defaults makes them on 5,571 real playlists: 0.3 in the median, 1.4 for one in a hundred. A
    query is the mean direction of 1 to 25 tracks of a scene, long ones preferred, plus noise.

    At 171,000 tracks a search must look into 1.4% of them for a recall@100 of 0.95, into 7% with a
    blur of 1.2, and into 1.0% of ALS's own vectors.

    Returns:
        float32 [tracks, 128] and float32 [queries, 128].
    """
    generator = np.random.default_rng(seed)
    deviations = np.arange(1, DIMENSIONS + 1) ** -0.25
    deviations = (deviations / np.sqrt(np.square(deviations).sum())).astype(np.float32)

    def noise(rows: int) -> np.ndarray:
        return generator.standard_normal((rows, DIMENSIONS), np.float32) * deviations

    scenes = max(1, tracks // _TRACKS_PER_SCENE)
    centres = noise(_GENRES)[generator.integers(0, _GENRES, scenes)] + blur * noise(scenes)
    owners = np.sort((scenes * generator.random(tracks) ** 1.5).astype(np.int64))
    popularity = np.minimum(0.03 * np.exp(1.9 * generator.standard_normal(tracks)), 2.2)
    vectors = np.empty((tracks, DIMENSIONS), np.float32)
    for start in range(0, tracks, _BLOCK):
        part = slice(start, min(start + _BLOCK, tracks))
        block = centres[owners[part]] + blur * noise(part.stop - start)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        vectors[part] = block * (0.28 + popularity[part, np.newaxis])
    asked = np.empty((queries, DIMENSIONS), np.float32)
    for index in range(queries):
        first, last = np.searchsorted(owners, owners[generator.integers(tracks)] + np.array([0, 1]))
        weights = popularity[first:last] / popularity[first:last].sum()
        chosen = generator.choice(np.arange(first, last), generator.choice(_SEEDS), p=weights)
        directions = vectors[chosen] / np.linalg.norm(vectors[chosen], axis=1, keepdims=True)
        mean = directions.mean(axis=0)
        asked[index] = mean / np.linalg.norm(mean) + 0.5 * noise(1)[0]
    return vectors, asked


def blurred(tracks: int, queries: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`clustered`, but with a blur of 1.2, which is much harder than vectors of real playlists."""
    return clustered(tracks, queries, seed, blur=1.2)


def gaussian(tracks: int, queries: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Independent normal numbers, where nothing is like anything: the worst that can be searched.

    Returns:
        float32 [tracks, 128] and float32 [queries, 128].
    """
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((tracks, DIMENSIONS), np.float32)
    return vectors, generator.standard_normal((queries, DIMENSIONS), np.float32)


def resampled(tracks: int, queries: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """ALS's vectors of the real sample, drawn again and blurred until there are enough.

    Each is that of a real track, chosen at random, plus normal noise of half its length: fourteen
    tracks around each real one at 2.3 million. Queries are vectors of playlists that were held out,
    so there are no more than those.

    Returns:
        float32 [tracks, 128] and float32 [queries or fewer, 128].
    """
    import tempfile

    from benchmarks import held_out
    from models import families
    from models.export.index.sampling import embed

    held = held_out.load(held_out.REAL)
    als = families.family("als")
    with tempfile.TemporaryDirectory() as work:
        scorer = als.fit(held.data, als.params({"factors": DIMENSIONS}), seed, work).scorer
    real = scorer.candidate_embeddings().numpy()
    generator = np.random.default_rng(seed)
    vectors = np.empty((tracks, DIMENSIONS), np.float32)
    for start in range(0, tracks, _BLOCK):
        block = real[generator.integers(0, len(real), min(_BLOCK, tracks - start))]
        noise = generator.standard_normal(block.shape, np.float32) * np.float32(DIMENSIONS**-0.5)
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        vectors[start : start + len(block)] = block + 0.5 * lengths * noise
    return vectors, embed(scorer, held_out.queries(held)).vectors[:queries]


#: What can be made, by name.
MAKERS: Final[dict[str, Callable[[int, int, int], tuple[np.ndarray, np.ndarray]]]] = {
    "clustered": clustered,
    "blurred": blurred,
    "gaussian": gaussian,
    "resampled": resampled,
}

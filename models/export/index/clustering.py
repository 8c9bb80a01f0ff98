"""k-means in bounded memory.

Sums run in the same order whatever the number of threads, so the same seed gives the same centres
on the same machine; with scikit-learn's they depend on which thread comes first.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.sparse

# So many vectors per centre show where the centres belong; more only take longer.
_SAMPLE_PER_CENTRE: Final = 40
_ITERATIONS: Final = 10
# Numbers that a block of dot products may hold.
_BLOCK_NUMBERS: Final = 1 << 24


def find_centres(vectors: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Lloyd's algorithm on a sample, from random vectors.

    Args:
        vectors: float32 [N, d], finite; N > 0.
        count: how many centres; no more than N are returned.
        seed: of the sample and of where to start.

    Returns:
        float32 [min(count, N), d].
    """
    generator = np.random.default_rng(seed)
    count = min(count, len(vectors))
    size = min(len(vectors), _SAMPLE_PER_CENTRE * count)
    sample = vectors[np.sort(generator.choice(len(vectors), size, replace=False))]
    centres = sample[np.sort(generator.choice(size, count, replace=False))]
    for _ in range(_ITERATIONS):
        owners, distances = _assign(sample, centres)
        members = scipy.sparse.csr_matrix(
            (np.ones(size, np.float32), (owners, np.arange(size))), shape=(count, size)
        )
        sizes = np.bincount(owners, minlength=count)[:, np.newaxis]
        centres = np.asarray(members @ sample) / np.maximum(sizes, 1).astype(np.float32)
        # A centre that lost all its vectors moves to one that is badly represented.
        empty = np.flatnonzero(sizes[:, 0] == 0)
        centres[empty] = sample[np.argsort(-distances, kind="stable")[: len(empty)]]
    return centres


def nearest(vectors: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Returns int32 [N]: the centre of `centres` [C, d] nearest to each of `vectors` [N, d]."""
    return _assign(vectors, centres)[0]


def _assign(vectors: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of each vector, and its squared distance less the vector's own square."""
    owners = np.empty(len(vectors), np.int32)
    distances = np.empty(len(vectors), np.float32)
    half_squares = np.square(centres).sum(axis=1) / 2
    step = max(1, _BLOCK_NUMBERS // len(centres))
    for start in range(0, len(vectors), step):
        block = vectors[start : start + step] @ centres.T
        block -= half_squares
        best = block.argmax(axis=1)
        owners[start : start + step] = best
        distances[start : start + step] = -2 * block[np.arange(len(block)), best]
    return owners, distances

"""Groups similar vectors, so that a search can leave out most of them."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np

from models.export.index.clustering import find_centres, nearest

# A partition of more times the mean size is divided, so that no query is much slower than others.
_MAX_SIZE: Final = 4
# Rows that are put in order, or turned into codes, at once.
_BLOCK_ROWS: Final = 1 << 16
_MAX_CODE: Final = 127


@dataclasses.dataclass(frozen=True)
class Partitions:
    """N vectors in P partitions: partition p is rows `splits[p]:splits[p + 1]`.

    Attributes:
        ids: int32 [N], which vector a row is.
        splits: int32 [P + 1].
        means: float32 [P, d], of each partition's vectors.
        variances: float32 [P, d], of each partition's vectors by dimension.
    """

    ids: np.ndarray
    splits: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def __len__(self) -> int:
        return len(self.means)

    def promise(self, queries: np.ndarray) -> np.ndarray:
        """How good a partition's best vectors may be for a query q.

        The mean of their scores plus one standard deviation, if dimensions were independent:
        q.m + sqrt(sum_i q_i^2 v_i). On ALS's vectors, which are many short and few long ones, a
        search by q.m alone needs about twice as many partitions for the same recall.

        Args:
            queries: float32 [B, d].

        Returns:
            float32 [B, P], higher is better.
        """
        spread = np.sqrt(np.square(queries) @ self.variances.T)
        return queries @ self.means.T + spread


def default_count(num_vectors: int) -> int:
    """4 sqrt(N), the number of partitions where none is given.

    Choosing partitions costs about as much as looking into them when both grow as sqrt(N).
    """
    return max(1, math.ceil(4 * math.sqrt(num_vectors)))


def partition(vectors: np.ndarray, count: int, seed: int) -> Partitions:
    """Divides vectors by k-means.

    Args:
        vectors: float32 [N, d]; N > 0.
        count: how many partitions about; empty ones are left out, very big ones divided.
        seed: of k-means.

    Returns:
        Rows of a partition are in order of falling length, those of equal length by id.

    Raises:
        ValueError: if a vector is not finite.
    """
    squares = np.einsum("ij,ij->i", vectors, vectors)
    if not np.isfinite(squares).all():
        broken = int(np.count_nonzero(~np.isfinite(squares)))
        raise ValueError(f"{broken} of {len(vectors)} tracks have a vector that is not finite.")
    owners = nearest(vectors, find_centres(vectors, count, seed))
    ids = np.lexsort((-squares, owners)).astype(np.int32)
    splits = _splits(np.bincount(owners))
    means = np.empty((len(splits) - 1, vectors.shape[1]), np.float32)
    variances = np.empty_like(means)
    for index in range(len(means)):
        members = vectors[ids[splits[index] : splits[index + 1]]]
        means[index] = members.mean(axis=0)
        variances[index] = members.var(axis=0)
    return Partitions(ids, splits, means, variances)


def quantize(vectors: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds vectors to 8 bits: row i is about `scales[i] * codes[i]`.

    Args:
        vectors: float32 [N, d].
        ids: which vector each of R rows is.

    Returns:
        int8 [R, d] and float32 [R]; no number is off by more than scales[i] / 2.
    """
    codes = np.empty((len(ids), vectors.shape[1]), np.int8)
    scales = np.empty(len(ids), np.float32)
    for start in range(0, len(ids), _BLOCK_ROWS):
        block = vectors[ids[start : start + _BLOCK_ROWS]]
        scale = np.abs(block).max(axis=1) / _MAX_CODE
        safe = np.where(scale > 0, scale, 1)[:, np.newaxis]
        codes[start : start + _BLOCK_ROWS] = np.rint(block / safe).astype(np.int8)
        scales[start : start + _BLOCK_ROWS] = scale
    return codes, scales


def _splits(sizes: np.ndarray) -> np.ndarray:
    """Where partitions start and end, empty ones left out and big ones in equal pieces."""
    sizes = sizes[sizes > 0]
    limit = max(1, math.ceil(_MAX_SIZE * sizes.mean()))
    edges = [0]
    for size in sizes:
        pieces = math.ceil(size / limit)
        edges.extend(edges[-1] + np.arange(1, pieces + 1) * size // pieces)
    return np.array(edges, np.int32)

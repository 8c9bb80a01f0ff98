"""Groups similar vectors, so that a search can leave out most of them."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np

from models.export.index.clustering import find_centres, nearest

# Partitions that a cluster of k-means is cut into, on average; only its last one is not full.
_PER_CLUSTER: Final = 10
# Multiplications by the covariance, which turn a vector into the direction of most variance.
_POWER_STEPS: Final = 6
# Rows that are turned into codes at once.
_BLOCK_ROWS: Final = 1 << 16
_MAX_CODE: Final = 127


@dataclasses.dataclass(frozen=True)
class Partitions:
    """N vectors in P partitions of the same size b, so that many are read in few pieces.

    Attributes:
        ids: int32 [P, b], which vectors a partition holds, and -1 where it is not full.
        means: float32 [P, d], of each partition's vectors.
        spreads: float32 [P], the deviation of each partition's vectors from their mean, by
            dimension: the root of the mean square over vectors and dimensions.
    """

    ids: np.ndarray
    means: np.ndarray
    spreads: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def promise(self, queries: np.ndarray) -> np.ndarray:
        """How good a partition's best vectors may be for a query q.

        The mean of their scores plus one standard deviation, if that were the same in all
        directions: q.m + |q| s. Dimensions taken one by one add little (docs/retrieval.md).

        Args:
            queries: float32 [B, d].

        Returns:
            float32 [B, P], higher is better.
        """
        lengths = np.linalg.norm(queries, axis=1, keepdims=True)
        return queries @ self.means.T + lengths * self.spreads


def default_count(num_vectors: int) -> int:
    """12 sqrt(N), the number of partitions where none is given.

    Choosing partitions costs about as much as looking into them when both grow as sqrt(N).
    """
    return max(1, math.ceil(12 * math.sqrt(num_vectors)))


def partition(vectors: np.ndarray, count: int, seed: int) -> Partitions:
    """Divides vectors: by k-means, then each cluster in equal parts along its longest direction.

    Args:
        vectors: float32 [N, d]; N > 0.
        count: how many partitions about; as the last of a cluster is not full, there are more.
        seed: of k-means.

    Raises:
        ValueError: if a vector is not finite.
    """
    finite = np.isfinite(np.einsum("ij,ij->i", vectors, vectors))
    if not finite.all():
        broken = int(np.count_nonzero(~finite))
        raise ValueError(f"{broken} of {len(vectors)} tracks have a vector that is not finite.")
    size = math.ceil(len(vectors) / min(count, len(vectors)))
    clusters = math.ceil(len(vectors) / (size * _PER_CLUSTER))
    owners = nearest(vectors, find_centres(vectors, clusters, seed))
    order = np.argsort(owners, kind="stable")
    parts = [
        part
        for members in np.split(order, np.flatnonzero(np.diff(owners[order])) + 1)
        for part in _halved(vectors, members, size)
    ]
    ids = np.full((len(parts), size), -1, np.int32)
    means = np.empty((len(parts), vectors.shape[1]), np.float32)
    spreads = np.empty(len(parts), np.float32)
    for index, part in enumerate(parts):
        members = vectors[part]
        ids[index, : len(part)] = part
        means[index] = members.mean(axis=0)
        spreads[index] = np.sqrt(np.square(members - means[index]).mean())
    return Partitions(ids, means, spreads)


def quantize(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds vectors to 8 bits: vector i is about `scales[i] * codes[i]`.

    Args:
        vectors: float32 [N, d].

    Returns:
        int8 [N, d] and float32 [N]; no number is off by more than scales[i] / 2.
    """
    codes = np.empty(vectors.shape, np.int8)
    scales = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS]
        scale = np.abs(block).max(axis=1) / _MAX_CODE
        safe = np.where(scale > 0, scale, 1)[:, np.newaxis]
        codes[start : start + _BLOCK_ROWS] = np.rint(block / safe).astype(np.int8)
        scales[start : start + _BLOCK_ROWS] = scale
    return codes, scales


def _halved(vectors: np.ndarray, members: np.ndarray, size: int) -> list[np.ndarray]:
    """Cuts the vectors of `members` in two, and the halves again, until none has over `size`.

    All parts but the last have `size` members exactly.
    """
    if len(members) <= size:
        return [members]
    rows = vectors[members]
    rows = rows - rows.mean(axis=0)
    direction = rows[np.argmax(np.einsum("ij,ij->i", rows, rows))]
    for _ in range(_POWER_STEPS):
        direction = (rows @ direction) @ rows
        direction = direction / max(float(np.linalg.norm(direction)), np.finfo(np.float32).tiny)
    members = members[np.argsort(-(rows @ direction), kind="stable")]
    half = math.ceil(len(members) / size) // 2 * size
    return _halved(vectors, members[:half], size) + _halved(vectors, members[half:], size)

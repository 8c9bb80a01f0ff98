"""Carries a table of vectors over to another vocabulary, and gives what is new a place in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import scipy.sparse

from schema.model_card import VocabularyGrowth

# Spread of what nothing is known of, as that of ALS's own random start, so that no two are equal.
_NOISE: Final = 0.01


class Carried(NamedTuple):
    """A table of the new vocabulary.

    Attributes:
        table: float32 [n, d].
        growth: how each vector came about.
    """

    table: np.ndarray
    growth: VocabularyGrowth


def known_ids(old: Sequence[bytes], new: Sequence[bytes]) -> np.ndarray:
    """Finds new names in an old vocabulary.

    Args:
        old: names by id, each once.
        new: the same of the new vocabulary.

    Returns:
        int64 [len(new)], the old id of each new name, -1 where there is none.
    """
    ids = {name: index for index, name in enumerate(old)}
    return np.fromiter((ids.get(name, -1) for name in new), np.int64, len(new))


def carry(
    table: np.ndarray,
    known: np.ndarray,
    rows: scipy.sparse.csr_matrix,
    relatives: Sequence[np.ndarray] = (),
    *,
    seed: int,
) -> Carried:
    """Makes the new vocabulary's table out of the old one.

    What both know keeps its vector. A new entry starts at the mean of what is known of its
    relatives; without any, at the mean of what it is found together with in the new data, a row of
    which counts by the mean of its known entries; else at the mean of all, with a little noise.

    Args:
        table: float32 [m, d], the old one.
        known: int64 [n], of `known_ids`.
        rows: [P, n], the new data.
        relatives: int64 [n] each, the group of every entry, such as a track's artist; -1: none.
            Where an entry has known relatives in several groups, each group's mean counts the same.
        seed: of the noise.

    Returns:
        The table, and how many entries came about in which way.
    """
    table = np.asarray(table, np.float32)
    kept = known >= 0
    vectors = np.zeros((len(known), table.shape[1]), np.float32)
    vectors[kept] = table[known[kept]]
    by_relatives, has_relatives = _from_relatives(vectors, kept, relatives)
    placed = kept | has_relatives
    by_company, has_company = _from_company(vectors, kept, rows, ~placed)
    mean = vectors[kept].mean(axis=0) if kept.any() else np.zeros(table.shape[1], np.float32)
    rest = ~placed & ~has_company
    vectors[~kept & has_relatives] = by_relatives[~kept & has_relatives]
    vectors[has_company] = by_company
    noise = np.random.default_rng(seed).random((rest.sum(), table.shape[1]), np.float32)
    vectors[rest] = mean + np.float32(_NOISE) * noise
    return Carried(
        vectors,
        VocabularyGrowth(
            kept=int(kept.sum()),
            from_relatives=int((~kept & has_relatives).sum()),
            from_company=int(has_company.sum()),
            from_mean=int(rest.sum()),
            dropped=len(table) - len(np.unique(known[kept])),
        ),
    )


def relatives_of(known: np.ndarray, old_groups: np.ndarray, new_groups: np.ndarray) -> np.ndarray:
    """Finds new groups in an old vocabulary by their members, where their names are not kept.

    Args:
        known: int64 [n], the old id of each member, -1 where it is new.
        old_groups: int64 [m], the group of each old member, -1: none.
        new_groups: int64 [n], the group of each member now.

    Returns:
        int64 [number of new groups], the old group of the first member that both know, else -1.
    """
    size = int(new_groups.max(initial=-1)) + 1
    found = np.full(size, -1, np.int64)
    members = np.flatnonzero((known >= 0) & (new_groups >= 0))
    old = old_groups[known[members]]
    members, old = members[old >= 0], old[old >= 0]
    # Backwards, so that the first one is written last.
    found[new_groups[members][::-1]] = old[::-1]
    return found


def _from_relatives(
    vectors: np.ndarray, kept: np.ndarray, relatives: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Means [n, d] over known entries of the same groups, and where there are any, bool [n]."""
    sums, counts = np.zeros_like(vectors), np.zeros(len(vectors), np.float32)
    for groups in relatives:
        size = int(groups.max(initial=-1)) + 1
        members = np.flatnonzero(kept & (groups >= 0))
        ones = np.ones(len(members), np.float32)
        belongs = scipy.sparse.csr_matrix(
            (ones, (groups[members], members)), shape=(size, len(vectors))
        )
        sizes = np.bincount(groups[members], minlength=size).astype(np.float32)
        means = (belongs @ vectors) / np.maximum(sizes, 1)[:, np.newaxis]
        has = (groups >= 0) & (sizes[np.maximum(groups, 0)] > 0 if size else False)
        sums[has] += means[groups[has]]
        counts[has] += 1
    return sums / np.maximum(counts, 1)[:, np.newaxis], counts > 0


def _from_company(
    vectors: np.ndarray, kept: np.ndarray, rows: scipy.sparse.csr_matrix, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean vectors of the rows that hold an entry, for those wanted and found: [k, d], bool [n]."""
    present = scipy.sparse.csr_matrix(
        (np.ones_like(rows.data, np.float32), rows.indices, rows.indptr), shape=rows.shape
    )
    sizes = present @ kept.astype(np.float32)
    means = (present @ vectors) / np.maximum(sizes, 1)[:, np.newaxis]
    holders = present[:, np.flatnonzero(wanted)].T.tocsr()
    telling = holders @ (sizes > 0).astype(np.float32)
    found = np.zeros(len(vectors), bool)
    found[np.flatnonzero(wanted)[telling > 0]] = True
    sums = holders @ means
    return sums[telling > 0] / telling[telling > 0][:, np.newaxis], found

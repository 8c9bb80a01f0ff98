"""Counts by listener and value; sums run in an order that follows from what is counted alone."""

from __future__ import annotations

import dataclasses

import numpy as np


def starts(*columns: np.ndarray) -> np.ndarray:
    """Where a new group begins in sorted columns: bool [n]."""
    first = np.zeros(len(columns[0]), bool)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def place_in_group(owner: np.ndarray) -> np.ndarray:
    """The place of each entry among those of its owner, from 0; owners are sorted."""
    first = np.flatnonzero(starts(owner))
    sizes = np.diff(np.append(first, len(owner)))
    return np.arange(len(owner)) - np.repeat(first, sizes)


def distinct(owner: np.ndarray, value: np.ndarray, where: np.ndarray, size: int) -> np.ndarray:
    """How many distinct values each owner has: int64 [size]."""
    return Pairs.counted(owner, value, where).distinct(size)


@dataclasses.dataclass(frozen=True)
class Pairs:
    """How often each owner has each value; arrays of one length, by owner, then value.

    Attributes:
        owner: its number.
        value: its number.
        count: above 0.
    """

    owner: np.ndarray
    value: np.ndarray
    count: np.ndarray

    @classmethod
    def counted(cls, owner: np.ndarray, value: np.ndarray, where: np.ndarray) -> Pairs:
        """Counts the entries that `where` selects."""
        owner, value = owner[where], value[where]
        order = np.lexsort((value, owner))
        owner, value = owner[order], value[order]
        first = np.flatnonzero(starts(owner, value))
        return cls(owner[first], value[first], np.diff(np.append(first, len(owner))))

    def distinct(self, size: int) -> np.ndarray:
        """How many values each owner has: int64 [size]."""
        return np.bincount(self.owner, minlength=size)

    def totals(self, size: int) -> np.ndarray:
        """The sum of each owner's counts: int64 [size]."""
        found = np.zeros(size, np.int64)
        np.add.at(found, self.owner, self.count)
        return found

    def entropy(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Shannon's entropy of each owner's counts in bits: float64 [size], and where there is any.

        H = log2 n - (sum of c log2 c) / n, over counts c that add up to n.
        """
        total = self.totals(size)
        order = np.lexsort((self.count, self.owner))
        terms = self.count[order] * np.log2(self.count[order])
        summed = np.bincount(self.owner[order], weights=terms, minlength=size)
        some = np.maximum(total, 1)
        # Rounding may leave a little less than nothing.
        return np.maximum(np.log2(some) - summed / some, 0.0), total > 0

    def largest_share(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """The share of each owner's most frequent value: float64 [size], and where there is any."""
        total, most = self.totals(size), np.zeros(size, np.int64)
        np.maximum.at(most, self.owner, self.count)
        return most / np.maximum(total, 1), total > 0

    def best(self, most: int) -> Pairs:
        """The most frequent values of each owner, of equal ones the lower first."""
        order = np.lexsort((self.value, -self.count, self.owner))
        kept = order[place_in_group(self.owner[order]) < most]
        return Pairs(self.owner[kept], self.value[kept], self.count[kept])

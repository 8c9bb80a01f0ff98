"""Tastes: how often each listener of a bucket heard each artist, and how alike two of them are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import scipy.sparse

from listening.features.catalogue import TrackFacts, ranked
from listening.features.counts import Pairs
from listening.features.window import first_copies

#: Columns of events that are read.
COLUMNS: Final = ("type", "idempotency_key", "event_time", "listener_id", "track_uri")
#: Pairs of listeners that are compared at once.
_PAIRS: Final = 16_384


class Tastes:
    """Streams by listener and artist.

    Attributes:
        listeners: pseudonyms in their order.
        counts: float64 [n, artists].
        squares: float64 [n], the squared lengths of rows.
    """

    def __init__(self, listeners: np.ndarray, counts: scipy.sparse.csr_matrix) -> None:
        """Takes listeners, a text each, and their rows."""
        self.listeners = listeners
        self.counts = counts
        self.squares = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()

    @classmethod
    def of(cls, events: pa.Table, facts: TrackFacts) -> Tastes:
        """Counts the streams of some listeners, copies left out.

        Args:
            events: `COLUMNS` of streams.
            facts: of tracks; those of unknown artists do not count.
        """
        times = np.asarray(events.column("event_time").cast(pa.int64()))
        events = events.filter(pa.array(first_copies(events.column("idempotency_key"), times)))
        owner, listeners = ranked(events.column("listener_id"))
        artist, _ = facts.look_up(events.column("track_uri").combine_chunks())
        pairs = Pairs.counted(owner, artist, artist >= 0)
        shape = (len(listeners), max(len(facts.artists), 1))
        counts = scipy.sparse.csr_matrix(
            (pairs.count.astype(np.float64), (pairs.owner, pairs.value)), shape=shape
        )
        return cls(np.asarray(listeners.to_pylist(), object).astype(str), counts)

    def save(self, path: str) -> None:
        """Writes them to a file."""
        parts = self.counts
        with open(path, "wb") as file:
            np.savez(
                file,
                listeners=self.listeners,
                data=parts.data,
                indices=parts.indices,
                indptr=parts.indptr,
                shape=np.array(parts.shape),
            )

    @classmethod
    def load(cls, path: str) -> Tastes:
        """Reads them from a file."""
        with np.load(path) as parts:
            matrix = scipy.sparse.csr_matrix(
                (parts["data"], parts["indices"], parts["indptr"]), shape=tuple(parts["shape"])
            )
            return cls(parts["listeners"], matrix)

    def rows(self, listeners: np.ndarray) -> np.ndarray:
        """Where listeners stand: int64 [m], -1 for who heard nothing."""
        if not len(self.listeners):
            return np.full(len(listeners), -1, np.int64)
        places = np.minimum(np.searchsorted(self.listeners, listeners), len(self.listeners) - 1)
        return np.where(self.listeners[places] == listeners, places, -1)


def similarities(one: Tastes, other: Tastes, mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Cosines of the artists that pairs of listeners heard.

    Args:
        one: of the first of each pair.
        other: of the second.
        mine: m pseudonyms.
        theirs: m pseudonyms.

    Returns:
        float64 [m], 0 to 1; 0 where one of both heard nothing.
    """
    left, right = one.rows(mine), other.rows(theirs)
    found = np.zeros(len(mine))
    both = np.flatnonzero((left >= 0) & (right >= 0))
    for start in range(0, len(both), _PAIRS):
        part = both[start : start + _PAIRS]
        rows, columns = left[part], right[part]
        products = one.counts[rows].multiply(other.counts[columns]).sum(axis=1)
        lengths = np.sqrt(one.squares[rows] * other.squares[columns])
        some = lengths > 0
        dots = np.asarray(products).ravel()
        # Counts and their squares are whole numbers, so that no order of summing changes them.
        found[part[some]] = np.minimum(dots[some] / lengths[some], 1.0)
    return found

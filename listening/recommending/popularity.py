"""What is popular in each segment: tracks by how many listeners played them lately."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pyarrow.compute as pc

from listening.recommending.inputs import Inputs
from listening.recommending.people import blocks, matching
from listening.recommending.tracks import Tracks

#: Tracks of a segment that are kept, most popular first.
_KEPT: Final = 2_000
_NONE: Final = np.empty(0, np.int64)


@dataclasses.dataclass(frozen=True)
class Popularity:
    """Tracks by segment.

    Attributes:
        orders: places of tracks, most popular first, by segment; under None those of everybody.
    """

    orders: Mapping[str | None, np.ndarray]

    def of(self, segment: str | None) -> tuple[np.ndarray, frozenset[int]]:
        """The tracks of a segment, then those of everybody: int64; and which are the segment's."""
        known = segment if segment in self.orders else None
        return self._of[known]

    @functools.cached_property
    def _of(self) -> dict[str | None, tuple[np.ndarray, frozenset[int]]]:
        everybody = self.orders.get(None, _NONE)
        found: dict[str | None, tuple[np.ndarray, frozenset[int]]] = {
            None: (everybody, frozenset())
        }
        for segment, order in self.orders.items():
            if segment is not None:
                both = np.concatenate([order, everybody])
                found[segment] = both, frozenset(order.tolist())
        return found

    @classmethod
    def given(cls, uris: Iterable[str], tracks: Tracks) -> Popularity:
        """Takes an order that somebody else knows, for everybody.

        Args:
            uris: most popular first; what is not in the table does not count.
            tracks: of the table.
        """
        places = tracks.places(uri.encode() for uri in uris)
        return cls({None: places[places >= 0]})

    @classmethod
    def counted(cls, inputs: Inputs, tracks: Tracks) -> Popularity:
        """Counts who has each track among the last ones.

        Args:
            inputs: the listening history, and segments where there are some.
            tracks: of the table.
        """
        counts: dict[str | None, np.ndarray] = {None: np.zeros(len(tracks), np.int64)}
        for rows in blocks(inputs.history, ("seed_uris",)):
            names = rows.column("listener_id").combine_chunks()
            lists = rows.column("seed_uris").combine_chunks()
            owners = np.asarray(pc.list_parent_indices(lists), np.int64)
            places = tracks.look_up(lists.flatten())
            _add(counts[None], places)
            for where, found in matching(inputs.segments, ("segment",), names):
                of = np.full(len(names), None, object)
                of[where] = found.column("segment").to_pylist()
                for segment in sorted({each for each in of if each is not None}):
                    if segment not in counts:
                        counts[segment] = np.zeros(len(tracks), np.int64)
                    _add(counts[segment], places[(of == segment)[owners]])
        return cls({segment: _best(found) for segment, found in counts.items()})


def _add(counts: np.ndarray, places: np.ndarray) -> None:
    """Adds to counts where they are: next to a catalogue, a block of listeners names few tracks."""
    np.add.at(counts, places[places >= 0], 1)


def _best(counts: np.ndarray) -> np.ndarray:
    order = np.argsort(-counts, kind="stable")[:_KEPT]
    return order[counts[order] > 0]

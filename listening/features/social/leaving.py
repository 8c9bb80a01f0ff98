"""The social graph without some of its listeners: theirs and everybody's rows change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.features.social.columns import from_lists

VIEW: Final = "social_graph"


def without(blocks: Callable[[], Iterable[pa.Table]], gone: Collection[str]) -> Iterator[pa.Table]:
    """The rows that would have been built had some listeners never been there.

    Args:
        blocks: reads the rows of SOCIAL_GRAPH, twice.
        gone: pseudonyms.

    Yields:
        Rows, in their order; whoever has no tie any more has no row.
    """
    wanted = pa.array(sorted(gone), pa.string())
    # Whom they follow loses a follower each; the rows are few, as those who leave are.
    losing: Counter[str] = Counter()
    pairs: set[tuple[str, str]] = set()
    for block in blocks():
        own = block.filter(pc.is_in(block.column("listener_id"), wanted))
        followed = own.column("neighbours").to_pylist()
        for listener, names in zip(own.column("listener_id").to_pylist(), followed, strict=True):
            losing.update(names)
            pairs |= {(name, listener) for name in names}
    for block in blocks():
        others = block.filter(pc.invert(pc.is_in(block.column("listener_id"), wanted)))
        if others.num_rows:
            yield _left(others, wanted, losing, pairs)


def _left(
    rows: pa.Table, gone: pa.Array, losing: Counter[str], pairs: set[tuple[str, str]]
) -> pa.Table:
    listeners = rows.column("listener_id").to_pylist()
    owner, names = _flat(rows, "neighbours")
    _, similar = _flat(rows, "similarities")
    stays = np.asarray(pc.invert(pc.is_in(names, gone)))
    mutual = np.array(rows.column("mutual"), np.int64)
    for place in np.flatnonzero(~stays).tolist():
        # One who leaves and who follows back is no mutual tie any more.
        row = int(owner[place])
        mutual[row] -= (listeners[row], names[place].as_py()) in pairs
    lost = np.array([losing[listener] for listener in listeners], np.int64)
    artist_rows, artists = _flat(rows, "followed_artists")
    found = from_lists(
        np.array(listeners),
        (
            owner[stays],
            _texts(names.filter(pa.array(stays))),
            np.asarray(similar, np.float64)[stays],
        ),
        np.asarray(rows.column("followers")) - lost,
        mutual,
        (artist_rows, _texts(artists)),
    )
    tied = pc.add(pc.add(found["following"], found["followers"]), found["following_artists"])
    return found.filter(pc.greater(tied, 0))


def _flat(rows: pa.Table, name: str) -> tuple[np.ndarray, pa.Array]:
    """The entries of lists, and the row of each."""
    lists = rows.column(name).combine_chunks()
    lengths = np.asarray(pc.list_value_length(lists), np.int64)
    return np.repeat(np.arange(len(lengths)), lengths), lists.flatten()


def _texts(values: pa.Array) -> np.ndarray:
    return np.array(values.to_pylist(), dtype=str) if len(values) else np.array([], "U1")

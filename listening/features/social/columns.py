"""From the ties of some listeners to their rows of `social_graph`; no input, no output."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from listening.features.counts import place_in_group, starts
from schema.tables import SOCIAL_GRAPH

#: Cosines of pairs of listeners, of two arrays of pseudonyms.
Alike = Callable[[np.ndarray, np.ndarray], np.ndarray]


def social_rows(ties: pa.Table, alike: Alike) -> pa.Table:
    """The rows of listeners whose ties are given.

    Args:
        ties: all rows of `TIES` of these listeners, in any order, with copies.
        alike: how alike listeners are.

    Returns:
        Rows of SOCIAL_GRAPH, in the order of listeners. Neighbours are whom a listener follows,
        the most similar first, of equal ones in the order of pseudonyms.
    """
    owner, out, other, artist = (_texts(ties.column(name)) for name in ties.schema.names)
    listeners = np.unique(owner)
    following = _pairs(owner, other, (out == "true") & (other != ""))
    followers = _pairs(owner, other, (out == "false") & (other != ""))
    artists = _pairs(owner, artist, artist != "")
    similar = alike(*following)
    order = np.lexsort((following[1], -similar, following[0]))
    mine, theirs, similar = following[0][order], following[1][order], similar[order]
    return from_lists(
        listeners,
        (np.searchsorted(listeners, mine), theirs, similar),
        np.bincount(np.searchsorted(listeners, followers[0]), minlength=len(listeners)),
        _mutual(listeners, following, followers),
        (np.searchsorted(listeners, artists[0]), artists[1]),
    )


def from_lists(
    listeners: np.ndarray,
    neighbours: tuple[np.ndarray, np.ndarray, np.ndarray],
    followers: np.ndarray,
    mutual: np.ndarray,
    artists: tuple[np.ndarray, np.ndarray],
) -> pa.Table:
    """Puts rows together.

    Args:
        listeners: n pseudonyms, rising.
        neighbours: rows, pseudonyms and similarities of ties, by row, best first.
        followers: int64 [n].
        mutual: int64 [n].
        artists: rows and URIs of artists that are followed, by row.
    """
    size = len(listeners)
    rows, names, similar = neighbours
    count = np.bincount(rows, minlength=size)
    summed = np.bincount(rows, weights=similar, minlength=size)
    best = np.zeros(size)
    leads = place_in_group(rows) == 0
    best[rows[leads]] = similar[leads]
    ends = np.searchsorted(rows, np.arange(size + 1))
    artist_ends = np.searchsorted(artists[0], np.arange(size + 1))
    nobody = count == 0
    columns = {
        "listener_id": pa.array(listeners.tolist(), pa.string()),
        "following": count,
        "followers": followers,
        "mutual": mutual,
        "following_artists": np.bincount(artists[0], minlength=size),
        "mean_similarity": pa.array(summed / np.maximum(count, 1), mask=nobody),
        "best_similarity": pa.array(best, mask=nobody),
        "neighbours": _lists(ends, pa.array(names.tolist(), pa.string()), "neighbours"),
        "similarities": _lists(ends, pa.array(similar, pa.float64()), "similarities"),
        "followed_artists": _lists(
            artist_ends, pa.array(artists[1].tolist(), pa.string()), "followed_artists"
        ),
    }
    return pa.table(columns, schema=SOCIAL_GRAPH)


def _mutual(
    listeners: np.ndarray,
    following: tuple[np.ndarray, np.ndarray],
    followers: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """How many of those whom a listener follows follow back: int64 [n]."""
    both = [np.char.add(owner, other) for owner, other in (following, followers)]
    back = np.isin(both[0], both[1])
    return np.bincount(np.searchsorted(listeners, following[0][back]), minlength=len(listeners))


def _pairs(
    owner: np.ndarray, value: np.ndarray, where: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs that `where` selects, by owner and value."""
    owner, value = owner[where], value[where]
    order = np.lexsort((value, owner))
    owner, value = owner[order], value[order]
    first = starts(owner, value)
    return owner[first], value[first]


def _texts(column: pa.ChunkedArray) -> np.ndarray:
    """Texts, "" for null."""
    filled = column.cast(pa.string()).fill_null("").to_pylist()
    return np.array(filled, dtype=str) if filled else np.array([], "U1")


def _lists(ends: np.ndarray, values: pa.Array, column: str) -> pa.Array:
    kind = SOCIAL_GRAPH.field(column).type
    offsets = pa.array(ends.astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values).cast(kind)

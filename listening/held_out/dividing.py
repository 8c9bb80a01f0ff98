"""From the events of some listeners to their history and their first plays; no input, no output."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.features.catalogue import ranked
from listening.features.counts import place_in_group
from listening.features.window import first_copies

#: Columns of events that are read.
COLUMNS: Final = ("type", "idempotency_key", "event_time", "listener_id", "track_uri")
# A skip is no stream, but the listener has met the track.
_PLAYS: Final = pa.array(["skip", "stream"])


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How much a record holds at most. Both together are no more than a server takes in a row.

    Attributes:
        history: streams before the cut, the last ones.
        first_plays: tracks behind it, the first ones.
    """

    history: int = 1_000
    first_plays: int = 1_000


@dataclasses.dataclass(frozen=True)
class Divided:
    """Listeners at a cut: L of them, in the order of pseudonyms.

    Attributes:
        listeners: their pseudonyms.
        tracks: URIs, by number.
        history: int64, numbers of what was streamed before the cut, by listener and time.
        history_ends: int64 [L + 1], where each listener's begins and ends.
        first_plays: int64, numbers of what was streamed from the cut on and not played before it,
            each once, where it was first streamed.
        first_plays_ends: int64 [L + 1], where each listener's begins and ends.
        copies: events that were left out as they repeat another one.
        older: streams before the cut that exceed the bound.
        beyond: first plays that exceed the bound.
    """

    listeners: pa.Array
    tracks: pa.Array
    history: np.ndarray
    history_ends: np.ndarray
    first_plays: np.ndarray
    first_plays_ends: np.ndarray
    copies: int
    older: int
    beyond: int


def divide(events: pa.Table, cut: int, bounds: Bounds) -> Divided:
    """Divides what listeners did at a cut.

    Args:
        events: `COLUMNS` of all events of these listeners until the end of the stretch in which
            first plays are looked for, in any order, with copies.
        cut: in microseconds since 1970.
        bounds: of what a record holds.
    """
    times = np.asarray(events.column("event_time").cast(pa.int64()))
    kept = first_copies(events.column("idempotency_key"), times)
    copies = int(len(kept) - kept.sum())
    plays = np.asarray(pc.is_in(events.column("type"), _PLAYS)) & kept
    events, times = events.filter(pa.array(plays)), times[plays]
    owner, listeners = ranked(events.column("listener_id"))
    track, tracks = ranked(events.column("track_uri"))
    streams = np.asarray(events.column("type").combine_chunks()).astype(str) == "stream"
    order = np.lexsort((track, times, owner))
    owner, track, streams = owner[order], track[order], streams[order]
    before = times[order] < cut
    size = len(listeners)

    history = np.flatnonzero(streams & before)
    # Counted from the last one backwards.
    recent = place_in_group(owner[history][::-1])[::-1] < bounds.history
    pair = owner * max(len(tracks), 1) + track
    later = np.flatnonzero(streams & ~before)
    later = later[~np.isin(pair[later], pair[before])]
    _, once = np.unique(pair[later], return_index=True)
    first = later[np.sort(once)]
    early = place_in_group(owner[first]) < bounds.first_plays
    return Divided(
        listeners=listeners,
        tracks=tracks,
        history=track[history[recent]],
        history_ends=_ends(owner[history[recent]], size),
        first_plays=track[first[early]],
        first_plays_ends=_ends(owner[first[early]], size),
        copies=copies,
        older=int(len(recent) - recent.sum()),
        beyond=int(len(early) - early.sum()),
    )


def _ends(owner: np.ndarray, size: int) -> np.ndarray:
    return np.searchsorted(owner, np.arange(size + 1))

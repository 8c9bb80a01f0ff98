"""From the events of some listeners to their rows of `listening_history`; no input, no output."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import pyarrow as pa

from listening.features import counts
from listening.features.catalogue import TrackFacts, ranked
from listening.features.counts import Pairs
from listening.features.window import DAY, first_copies
from schema.tables import LISTENING_HISTORY, WINDOWS

#: Columns of events that are read.
COLUMNS: Final = (
    *("type", "idempotency_key", "event_time", "listener_id"),
    *("session_id", "track_uri", "ms_played"),
)
_HOUR: Final = 3_600_000_000
_MINUTE_MS: Final = 60_000


@dataclasses.dataclass(frozen=True)
class _Events:
    """Events without copies, by listener and time: arrays [n].

    Attributes:
        owner: the listener's number.
        time: in microseconds since 1970.
        kind: the type, as text.
        track: the track's number, -1 where there is none.
        session: the session's number, -1 where there is none.
        ms: for how long it was heard, 0 where nobody said.
    """

    owner: np.ndarray
    time: np.ndarray
    kind: np.ndarray
    track: np.ndarray
    session: np.ndarray
    ms: np.ndarray

    def of(self, *kinds: str) -> np.ndarray:
        """Where events of some types are: bool [n]."""
        return np.isin(self.kind, kinds)


def history_rows(
    events: pa.Table, cut: int, facts: TrackFacts, seeds: int, top: int
) -> tuple[pa.Table, int]:
    """The rows of listeners whose events are given.

    Args:
        events: `COLUMNS` of all events of these listeners before the cut, in any order, with
            copies.
        cut: in microseconds since 1970.
        facts: of tracks.
        seeds: how many of the last tracks a row holds at most.
        top: how many artists, and genres, at most.

    Returns:
        Rows of LISTENING_HISTORY in the order of listeners, and how many copies were left out.
    """
    times = np.asarray(events.column("event_time").cast(pa.int64()))
    kept = first_copies(events.column("idempotency_key"), times)
    copies = int(len(kept) - kept.sum())
    if not len(kept):
        return LISTENING_HISTORY.empty_table(), 0
    found, listeners, tracks = _numbered(events.filter(pa.array(kept)))
    size = len(listeners)
    streams = found.of("stream")
    plays = streams | found.of("skip")
    artist, genre = (of[found.track] for of in facts.look_up(tracks))
    recent = streams & (found.time >= cut - WINDOWS[-1] * DAY)
    by_artist = Pairs.counted(found.owner, artist, recent & (artist >= 0))
    by_genre = Pairs.counted(found.owner, genre, recent & (genre >= 0))
    first = np.searchsorted(found.owner, np.arange(size))
    last = np.searchsorted(found.owner, np.arange(size), side="right") - 1
    heard = np.full(size, -1, np.int64)
    np.maximum.at(heard, found.owner[plays], found.time[plays])
    unknown = np.bincount(found.owner[recent & (artist < 0)], minlength=size)
    streamed = np.bincount(found.owner[recent], minlength=size)
    columns = {
        "listener_id": listeners,
        "first_seen": _times(found.time[first]),
        "last_seen": _times(found.time[last]),
        "days_known": (cut - found.time[first]) / DAY,
        "hours_since_play": _numbers((cut - heard) / _HOUR, heard >= 0),
        **_windows(found, cut, size, plays),
        f"tracks_{WINDOWS[-1]}d": counts.distinct(found.owner, found.track, recent, size),
        f"artists_{WINDOWS[-1]}d": by_artist.distinct(size),
        f"genres_{WINDOWS[-1]}d": by_genre.distinct(size),
        f"unknown_share_{WINDOWS[-1]}d": _numbers(unknown / np.maximum(streamed, 1), streamed > 0),
        f"artist_entropy_{WINDOWS[-1]}d": _numbers(*by_artist.entropy(size)),
        f"genre_entropy_{WINDOWS[-1]}d": _numbers(*by_genre.entropy(size)),
        "top_genre_share": _numbers(*by_genre.largest_share(size)),
        **_tops("artist", by_artist, facts.artists, top, size),
        **_tops("genre", by_genre, facts.genres, top, size),
        **_seeds(found, streams, tracks, seeds, size),
    }
    return pa.table(columns, schema=LISTENING_HISTORY), copies


def _numbered(events: pa.Table) -> tuple[_Events, pa.Array, pa.Array]:
    owner, listeners = ranked(events.column("listener_id"))
    track, tracks = ranked(events.column("track_uri"))
    session, _ = ranked(events.column("session_id"))
    time = np.asarray(events.column("event_time").cast(pa.int64()))
    kind = np.asarray(events.column("type").combine_chunks()).astype(str)
    ms = np.asarray(events.column("ms_played").fill_null(0), np.int64)
    order = np.lexsort((track, time, owner))
    columns = (each[order] for each in (owner, time, kind, track, session, ms))
    # The one behind the last track, where the number -1 leads, is of no track.
    return _Events(*columns), listeners, pa.concat_arrays([tracks, pa.array([None], pa.string())])


def _windows(
    events: _Events, cut: int, size: int, plays: np.ndarray
) -> dict[str, np.ndarray | pa.Array]:
    """What is counted in each window."""
    found: dict[str, np.ndarray | pa.Array] = {}
    age = (cut - 1 - events.time) // DAY  # whole days before the cut
    for days in WINDOWS:
        inside = age < days

        def counted(where: np.ndarray, inside: np.ndarray = inside) -> np.ndarray:
            return np.bincount(events.owner[where & inside], minlength=size)

        played, skips, saves = (counted(w) for w in (plays, events.of("skip"), events.of("save")))
        heard = np.zeros(size, np.int64)
        np.add.at(heard, events.owner[plays & inside], events.ms[plays & inside])
        any_play, least = played > 0, np.maximum(played, 1)
        found |= {
            f"plays_{days}d": played,
            f"streams_{days}d": counted(events.of("stream")),
            f"skips_{days}d": skips,
            f"saves_{days}d": saves,
            f"playlist_adds_{days}d": counted(events.of("playlist_add")),
            f"sessions_{days}d": counts.distinct(
                events.owner, events.session, inside & (events.session >= 0), size
            ),
            f"active_days_{days}d": counts.distinct(events.owner, age, inside & plays, size),
            f"minutes_{days}d": heard / _MINUTE_MS,
            f"skip_rate_{days}d": _numbers(skips / least, any_play),
            f"save_rate_{days}d": _numbers(saves / least, any_play),
        }
    return found


def _tops(
    what: str, pairs: Pairs, names: pa.Array, top: int, size: int
) -> dict[str, np.ndarray | pa.Array]:
    best = pairs.best(top)
    ends = np.searchsorted(best.owner, np.arange(size + 1))
    return {
        f"top_{what}s": _lists(ends, names.take(pa.array(best.value)), f"top_{what}s"),
        f"top_{what}_streams": _lists(ends, pa.array(best.count), f"top_{what}_streams"),
    }


def _seeds(
    events: _Events, streams: np.ndarray, tracks: pa.Array, most: int, size: int
) -> dict[str, np.ndarray | pa.Array]:
    """The last tracks, each once at its last time, newest first."""
    owner, track, time = (each[streams] for each in (events.owner, events.track, events.time))
    order = np.lexsort((-time, track, owner))
    owner, track, time = owner[order], track[order], time[order]
    newest = counts.starts(owner, track)
    owner, track, time = owner[newest], track[newest], time[newest]
    order = np.lexsort((track, -time, owner))
    owner, track, time = owner[order], track[order], time[order]
    kept = counts.place_in_group(owner) < most
    ends = np.searchsorted(owner[kept], np.arange(size + 1))
    uris = tracks.take(pa.array(track[kept]))
    return {
        "seed_uris": _lists(ends, uris, "seed_uris"),
        "seed_times": _lists(ends, _times(time[kept]), "seed_times"),
    }


def _lists(ends: np.ndarray, values: pa.Array, column: str) -> pa.Array:
    kind = LISTENING_HISTORY.field(column).type
    offsets = pa.array(ends.astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values.cast(kind.value_type)).cast(kind)


def _times(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.int64()).cast(LISTENING_HISTORY.field("first_seen").type)


def _numbers(values: np.ndarray, known: np.ndarray) -> pa.Array:
    """Numbers, null where they are not known."""
    return pa.array(values, pa.float64(), mask=~known)

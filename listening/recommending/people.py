"""What is known of the listeners of a bucket, from their partitions of features."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features import Partition
from listening.recommending.inputs import Inputs
from listening.recommending.tracks import Tracks
from schema.features import LISTENER_COLUMNS
from schema.side_tables import TABLE_FILE

_ROWS: Final = 2_048  # of a partition, read at once
_ASKED: Final = ("listener_id", "explicit", "market", "blocked_tracks", "blocked_artists")
_NONE: Final = np.empty(0, np.int64)
_PLAYS: Final = 300  # of a history that a model is told, at most

#: What is read of each view, beside the listener.
VIEWS: Final[Mapping[str, tuple[str, ...]]] = {
    "listening_history": ("seed_uris", "seed_times", *LISTENER_COLUMNS),
    "heard": ("track_uris", "streams"),
    "segments": ("segment",),
    "social_graph": ("neighbours", "similarities", "followed_artists"),
}
#: Places among some people, and the rows of these.
Matched = Iterable[tuple[np.ndarray, pa.Table]]


@dataclasses.dataclass
class Person:
    """A listener who is to get lists. Tracks and artists are numbers of `Tracks`.

    Attributes:
        listener_id: the pseudonym.
        explicit: whether explicit tracks are allowed.
        market: where they listen; None where nobody said.
        blocked: int64, tracks that they block, or whose artists.
        segment: None for who is in none.
        seeds: the last tracks, newest first, a text each.
        times: of the seeds, in seconds since 1970.
        seed_places: int64, the seeds' places, -1 where a track is not in the table.
        heard: int64, tracks that they have heard.
        streams: int64, how often each of them.
        features: float32, those of LISTENER_COLUMNS, NaN for null; None where there are none.
        followed: int64, artists whom they follow.
        neighbours: whom they follow, with how alike both listen.
    """

    listener_id: str
    explicit: bool = True
    market: str | None = None
    blocked: np.ndarray = dataclasses.field(default_factory=lambda: _NONE)
    segment: str | None = None
    seeds: list[str] = dataclasses.field(default_factory=list)
    times: list[int] = dataclasses.field(default_factory=list)
    seed_places: np.ndarray = dataclasses.field(default_factory=lambda: _NONE)
    heard: np.ndarray = dataclasses.field(default_factory=lambda: _NONE)
    streams: np.ndarray = dataclasses.field(default_factory=lambda: _NONE)
    features: np.ndarray | None = None
    followed: np.ndarray = dataclasses.field(default_factory=lambda: _NONE)
    neighbours: tuple[tuple[str, float], ...] = ()


def people(rows: pa.Table, inputs: Inputs, tracks: Tracks) -> list[Person]:
    """The listeners of a bucket.

    Args:
        rows: of the audience, in the order of listeners, each once.
        inputs: where their partitions lie.
        tracks: of the table.
    """
    found = [_asked(row, tracks) for row in rows.select(_ASKED).to_pylist()]
    names = rows.column("listener_id").combine_chunks()
    partitions = {
        "listening_history": inputs.history,
        "heard": inputs.heard,
        "segments": inputs.segments,
        "social_graph": inputs.social,
    }
    for view, partition in partitions.items():
        add(found, view, matching(partition, VIEWS[view], names), tracks)
    return found


def add(found: Sequence[Person], view: str, matched: Matched, tracks: Tracks) -> None:
    """Tells people what rows of a view say of them.

    Args:
        found: the people.
        view: one of VIEWS.
        matched: places among the people, and the rows of these.
        tracks: of the table.
    """
    for where, rows in matched:
        _ADD[view](_at(found, where), rows, tracks)


def _asked(row: dict[str, Any], tracks: Tracks) -> Person:
    """What the audience says of a listener."""
    blocked = tracks.places(uri.encode() for uri in row["blocked_tracks"] or ())
    artists = tracks.artist_numbers(row["blocked_artists"] or ())
    return Person(
        listener_id=row["listener_id"],
        explicit=row["explicit"] is not False,
        market=row["market"],
        blocked=np.concatenate([blocked[blocked >= 0], tracks.of_artists(artists)]),
    )


def _add_history(found: Sequence[Person], rows: pa.Table, tracks: Tracks) -> None:
    lists = rows.column("seed_uris").combine_chunks()
    places = tracks.look_up(lists.flatten())
    uris = lists.flatten().to_pylist()
    times = rows.column("seed_times").combine_chunks().flatten().cast(pa.int64())
    seconds = (np.asarray(times) // 1_000_000).tolist()
    columns_read = [rows.column(name).cast(pa.float32()) for name in LISTENER_COLUMNS]
    features = np.stack([pc.fill_null(each, float("nan")) for each in columns_read], axis=1)
    for person, (start, end), numbers in zip(found, _spans(lists), features, strict=True):
        person.seeds, person.times = uris[start:end], seconds[start:end]
        person.seed_places = places[start:end]
        person.features = numbers


def _add_heard(found: Sequence[Person], rows: pa.Table, tracks: Tracks) -> None:
    lists = rows.column("track_uris").combine_chunks()
    # Looked up together: each look-up reads the whole catalogue.
    places = tracks.look_up(lists.flatten())
    streams = np.asarray(rows.column("streams").combine_chunks().flatten(), np.int64)
    for person, (start, end) in zip(found, _spans(lists), strict=True):
        known = places[start:end] >= 0
        person.heard = places[start:end][known]
        person.streams = streams[start:end][known]


def _add_segment(found: Sequence[Person], rows: pa.Table, _: Tracks) -> None:
    for person, segment in zip(found, rows.column("segment").to_pylist(), strict=True):
        person.segment = segment


def _add_ties(found: Sequence[Person], rows: pa.Table, tracks: Tracks) -> None:
    for person, ties in zip(found, rows.to_pylist(), strict=True):
        person.followed = tracks.artist_numbers(ties["followed_artists"])
        person.neighbours = tuple(zip(ties["neighbours"], ties["similarities"], strict=True))


_ADD: Final[Mapping[str, Callable[[Sequence[Person], pa.Table, Tracks], None]]] = {
    "listening_history": _add_history,
    "heard": _add_heard,
    "segments": _add_segment,
    "social_graph": _add_ties,
}


def plays(person: Person) -> tuple[list[str], list[int]]:
    """A history as models read it: the last tracks, each as often as it was streamed.

    When the last stream of each was is known; earlier ones have no time, and come first.
    """
    counts = dict(zip(person.heard.tolist(), person.streams.tolist(), strict=True))
    more: list[str] = []
    for uri, place in zip(person.seeds, person.seed_places.tolist(), strict=True):
        room = _PLAYS - len(person.seeds) - len(more)
        more += [uri] * min(max(counts.get(place, 1) - 1, 0), max(room, 0))
    uris = [*more, *person.seeds[::-1]]
    return uris, [0] * len(more) + person.times[::-1]


def left_out(person: Person, known: np.ndarray, *, heard: bool) -> np.ndarray:
    """Tracks that a model leaves out whatever the policy says, of those that it knows: int64.

    Args:
        person: who blocks tracks, and has heard some.
        known: bool [n], tracks that the model knows.
        heard: whether those that were heard are left out too, so that they take no other's place.
    """
    parts = [person.blocked, *([person.heard] if heard else [])]
    places = np.concatenate(parts)
    return places[known[places]]


def blocks(partition: Partition, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of a partition, some at a time.

    Args:
        partition: of a view of listeners.
        columns: beside the listener.
    """
    with pq.ParquetFile(os.path.join(partition.folder, TABLE_FILE)) as file:
        for batch in file.iter_batches(_ROWS, columns=["listener_id", *columns]):
            yield pa.Table.from_batches([batch])


def matching(
    partition: Partition | None, columns: Sequence[str], names: pa.Array
) -> Iterator[tuple[np.ndarray, pa.Table]]:
    """The rows of a partition that are of some listeners.

    Args:
        partition: in the order of listeners; None for one that is not there.
        columns: beside the listener.
        names: of listeners, in their order.

    Yields:
        Places in `names`, and the rows of these.
    """
    if partition is None or not len(names):
        return
    first, last = names[0].as_py(), names[-1].as_py()
    with pq.ParquetFile(os.path.join(partition.folder, TABLE_FILE)) as file:
        groups = [g for g in range(file.num_row_groups) if _may_hold(file, g, first, last)]
        if not groups:
            return
        for batch in file.iter_batches(_ROWS, groups, ["listener_id", *columns]):
            where = pc.index_in(batch.column("listener_id"), names)
            there = where.is_valid()
            rows = pa.Table.from_batches([batch]).filter(there)
            if rows.num_rows:
                yield np.asarray(where.filter(there)), rows


def _may_hold(file: pq.ParquetFile, group: int, first: str, last: str) -> bool:
    """Whether a row group may have listeners between two; its own are in their order."""
    found = file.metadata.row_group(group).column(0).statistics
    return found is None or not found.has_min_max or (found.min <= last and found.max >= first)


def _at(found: Sequence[Person], where: np.ndarray) -> list[Person]:
    return [found[place] for place in where.tolist()]


def _spans(lists: pa.Array) -> Iterator[tuple[int, int]]:
    """Where the values of each list begin and end among those of all."""
    lengths = np.asarray(pc.list_value_length(lists), np.int64)
    return itertools.pairwise([0, *np.cumsum(lengths).tolist()])

"""Writes the records of listeners as of a cut: events sorted by listener, then bucket by bucket."""

from __future__ import annotations

import dataclasses
import datetime
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import orjson

from listening.features import partitions, sorting, window
from listening.held_out import sides
from listening.held_out.dividing import COLUMNS, Bounds, Divided, divide
from listening.held_out.known import Facts, TrackTexts
from listening.held_out.output import SlicesWriter
from schema.splits import SPLITS

_SCRATCH: Final = "scratch"


@dataclasses.dataclass(frozen=True)
class ListenersWritten:
    """What was written.

    Attributes:
        listeners: who streamed or skipped until the end.
        records: by split.
        entries: tracks of the records, by split.
        segments: records by segment and split.
        left_out: what has no record, by kind: copies of events; listeners who are not known as of
            the cut, who have no segment, or neither streams before it nor first plays; streams and
            first plays beyond the bounds.
    """

    listeners: int
    records: Mapping[str, int]
    entries: Mapping[str, int]
    segments: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int]


def write(
    folder: str,
    events: str,
    features: str,
    tracks: str,
    *,
    cut: datetime.datetime,
    until: datetime.datetime,
    bounds: Bounds | None = None,
    stop: float = 0.04,
) -> ListenersWritten:
    """Writes slices of listeners into a folder.

    Memory holds the events of a bucket of listeners, half a million of them and more only where
    one listener has more, what is known of these listeners, and of the tracks that they played.

    Args:
        folder: for the slices, and for what is sorted meanwhile.
        events: a directory of landed events.
        features: the directory of features, with `listening_history` and `segments` as of the cut.
        tracks: the table of tracks.
        cut: a whole hour: what happened then or later is in no record of train or stop, and in no
            seed or feature of the others.
        until: a whole hour behind it: first plays are looked for up to then.
        bounds: of what a record holds; the defaults where None.
        stop: the share of train that is stop.

    Raises:
        ValueError: `until` is not behind the cut, nothing has landed, features were not built as
            of the cut, or events changed meanwhile.
        TableError: the table of tracks lacks a column.
        OSError: something cannot be read or written.
    """
    if until <= cut:
        raise ValueError(
            f"until: {partitions.cut_name(until)} is not behind the cut, {partitions.cut_name(cut)}"
        )
    facts, texts = Facts(features, cut), TrackTexts(tracks)
    found = window.window(events, until, None)
    most = bounds or Bounds()
    scratch, counted = os.path.join(folder, _SCRATCH), _Counted()
    os.makedirs(scratch)
    buckets = sorting.buckets_for(found.rows)
    with window.read_from(events, found):
        runs = []
        for files in found.batches:
            table = window.read_batch(files, (found.start, found.end), COLUMNS, ())
            name = window.run_name(files)
            runs.append(sorting.write_run(scratch, name, table, "listener_id", buckets))
    with SlicesWriter(folder, "listeners") as slices:
        for bucket in range(buckets):
            divided = divide(sorting.read_bucket(runs, bucket), partitions.micros(cut), most)
            _write_bucket(divided, facts, texts, (cut, stop), (slices, counted))
    shutil.rmtree(scratch)
    return counted.told()


class _Counted:
    """What was written so far."""

    def __init__(self) -> None:
        self.listeners = 0
        self.records: Counter[str] = Counter()
        self.entries: Counter[str] = Counter()
        self.segments: dict[str, Counter[str]] = {}
        self.left_out: Counter[str] = Counter()

    def add(self, segment: str, split: str, entries: int) -> None:
        self.records[split] += 1
        self.entries[split] += entries
        self.segments.setdefault(segment, Counter())[split] += 1

    def told(self) -> ListenersWritten:
        return ListenersWritten(
            listeners=self.listeners,
            records={split: self.records[split] for split in SPLITS},
            entries={split: self.entries[split] for split in SPLITS},
            segments={
                name: {split: self.segments[name][split] for split in SPLITS}
                for name in sorted(self.segments)
            },
            left_out={what: number for what, number in sorted(self.left_out.items()) if number},
        )


def _write_bucket(
    divided: Divided,
    facts: Facts,
    texts: TrackTexts,
    sides_at: tuple[datetime.datetime, float],
    out: tuple[SlicesWriter, _Counted],
) -> None:
    slices, counted = out
    cut, stop = sides_at
    changed = round(cut.timestamp()) - 1  # the last second of a history
    known = facts.of(divided.listeners)
    entries = texts.entries(divided.tracks)
    counted.listeners += len(divided.listeners)
    counted.left_out.update(
        copies_of_events=divided.copies,
        streams_before_the_last=divided.older,
        first_plays_behind_the_first=divided.beyond,
    )
    for number, listener in enumerate(divided.listeners.to_pylist()):
        begin, end = divided.history_ends[number : number + 2].tolist()
        first, last = divided.first_plays_ends[number : number + 2].tolist()
        if (row := known.get(listener)) is None:
            counted.left_out.update(
                listeners_not_known_before_the_cut=1,
                streams_of_listeners_not_known=end - begin,
                first_plays_of_listeners_not_known=last - first,
            )
            continue
        if row["segment"] is None:
            counted.left_out.update(
                listeners_without_a_segment=1,
                streams_of_listeners_without_a_segment=end - begin,
                first_plays_of_listeners_without_a_segment=last - first,
            )
            continue
        if begin == end and first == last:
            counted.left_out.update(listeners_without_streams_or_first_plays=1)
            continue
        history = [entries[track] for track in divided.history[begin:end].tolist()]
        later = [entries[track] for track in divided.first_plays[first:last].tolist()]
        for split, there, own in (
            (sides.fitted(listener, stop), bool(history), history),
            (sides.held_out(listener), bool(later), [*history, *later]),
        ):
            if there:
                slices.add(_record(listener, split, (changed, len(history)), row, own))
                counted.add(row["segment"], split, len(own))


def _record(
    listener: str,
    split: str,
    known: tuple[int, int],
    row: Mapping[str, Any],
    tracks: list[bytes],
) -> bytes:
    changed, seen = known
    told = orjson.dumps({"split": split, "seen": seen, **row})
    # Tracks are put in as they were written: a listener streams one again and again.
    return b'{"pid":%d,"modified_at":%d,"listener":%b,"tracks":[%b]}' % (
        sides.pid(listener, split),
        changed,
        told,
        b",".join(tracks),
    )

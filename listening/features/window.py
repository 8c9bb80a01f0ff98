"""Which landed files hold the events before a cut, and what is read of them."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.events import reading
from listening.features.partitions import cut_of, micros
from schema.events import hour_of

#: Rows of a batch of files, about; what is sorted at once.
BATCH_ROWS: Final = 500_000
DAY: Final = 86_400_000_000


@dataclasses.dataclass(frozen=True)
class Window:
    """Landed events of a stretch of time.

    Attributes:
        start: of the first event, in microseconds since 1970.
        end: nothing that happened then or later belongs to it.
        batches: files, hour after hour, as many at a time as are read at once.
        rows: how many events there are, copies included.
        commit: the last commit of the landed events when the window was drawn.
    """

    start: int
    end: int
    batches: tuple[tuple[str, ...], ...]
    rows: int
    commit: int


def default_cut(events: str) -> datetime.datetime:
    """The beginning of the newest event's hour: all hours before it are over.

    Raises:
        ValueError: nothing has landed.
    """
    newest = reading.landed(events).newest
    if newest is None:
        raise ValueError(f"{events} holds no landed events: segue events land writes them")
    return cut_of(hour_of(newest))


def window(events: str, as_of: datetime.datetime, days: int | None) -> Window:
    """The events of the days before a cut.

    Args:
        events: a directory of landed events.
        as_of: the cut, a whole hour.
        days: how many; None for all.

    Raises:
        ValueError: no event that happened before the cut has landed, or a manifest is broken.
    """
    end = micros(as_of)
    start = 0 if days is None else end - days * DAY
    landed = reading.landed(events)
    hours = [
        hour for hour in landed.hours.values() if hour.end <= end and hour.end > start and hour.rows
    ]
    if not hours:
        raise ValueError(
            f"{events} holds no event from before {as_of:%Y-%m-%dT%H}: segue events land writes "
            "them"
        )
    batches: list[list[str]] = [[]]
    waiting = 0.0
    for hour in hours:
        for path in hour.files:
            if waiting >= BATCH_ROWS:
                batches.append([])
                waiting = 0.0
            batches[-1].append(path)
            waiting += hour.rows / len(hour.files)
    return Window(
        start=start,
        end=end,
        batches=tuple(map(tuple, batches)),
        rows=sum(hour.rows for hour in hours),
        commit=landed.commit,
    )


@contextlib.contextmanager
def read_from(events: str, found: Window) -> Iterator[None]:
    """Says in words why reading failed where the events have changed since.

    Args:
        events: the directory of landed events.
        found: what is read of it while the block runs.

    Raises:
        ValueError: the block failed, and meanwhile something landed or was erased.
    """
    try:
        yield
    except Exception as error:
        if reading.landed(events).commit == found.commit:
            raise
        raise ValueError(
            f"{events} changed while it was read, as when a listener is erased: build again"
        ) from error


def read_batch(
    files: Sequence[str], span: tuple[int, int], columns: Sequence[str], kinds: Collection[str]
) -> pa.Table:
    """Events of some types that files hold of a stretch of time.

    Args:
        files: of landed events.
        span: its start and its end, in microseconds since 1970.
        columns: that are wanted; `type` and `event_time` are among them.
        kinds: types of events; all of them where it is empty.

    Raises:
        FileNotFoundError: a file was replaced meanwhile, as when a listener is erased.
    """
    start, end = span
    tables = []
    for path in files:
        table = reading.read_file(path, columns)
        times = table.column("event_time").cast(pa.int64())
        # An hour's file holds that hour's events; the cut is drawn here all the same.
        wanted = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
        if kinds:
            wanted = pc.and_(wanted, pc.is_in(table.column("type"), pa.array(sorted(kinds))))
        tables.append(table.filter(wanted))
    return pa.concat_tables(tables)


def run_name(files: Sequence[str]) -> str:
    """A name of a batch's own, the same when a step is tried again."""
    return hashlib.sha256("\n".join(files).encode()).hexdigest()[:24]


def first_copies(keys: pa.ChunkedArray, times: np.ndarray) -> np.ndarray:
    """Where the events are of which others are copies: bool [n].

    Of events with one key the earliest counts, so that no later cut sees another one.

    Args:
        keys: idempotency keys.
        times: int64 [n], of the events.
    """
    codes = np.asarray(keys.combine_chunks().dictionary_encode().indices)
    order = np.lexsort((times, codes))
    first = np.ones(len(order), bool)
    first[1:] = codes[order][1:] != codes[order][:-1]
    kept = np.zeros(len(order), bool)
    kept[order[first]] = True
    return kept

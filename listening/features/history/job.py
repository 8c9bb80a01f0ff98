"""Builds `listening_history` in a batch of Beam."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from listening.features import bucketed, partitions, window
from listening.features.bucketed import ListenersBuilt
from listening.features.catalogue import track_facts
from listening.features.finishing import finish
from listening.features.history.columns import COLUMNS, history_rows
from schema.tables import WINDOWS

VIEW: Final = "listening_history"


@dataclasses.dataclass(frozen=True)
class HistoryOptions:
    """How much of the past is read, and how much a row holds.

    Attributes:
        days: before the cut that are read; at least the longest window.
        seeds: of the last tracks, at most.
        top: of artists, and of genres, at most.

    Raises:
        ValueError: a number is too small.
    """

    days: int = 90
    seeds: int = 100
    top: int = 20

    def __post_init__(self) -> None:
        for name, least in (("days", WINDOWS[-1]), ("seeds", 1), ("top", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: {getattr(self, name)} is below {least}")


def build(
    events: str,
    features: str,
    as_of: datetime.datetime | None = None,
    tracks: str | None = None,
    options: HistoryOptions | None = None,
    *,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> ListenersBuilt:
    """Builds the partition of a cut, in place of an earlier version.

    Memory holds a bucket of listeners at a time, beside what is needed of the table of tracks.

    Args:
        events: a directory of landed events.
        features: the directory of features.
        as_of: the cut, a whole hour of UTC; the beginning of the newest event's hour by default.
        tracks: the table of tracks; None: artists and genres are not known.
        options: the defaults where there are none.
        beam_args: of a runner that reaches the directories.

    Raises:
        InUseError: another command builds it.
        SeriousAnomalyError: the rows are not what the curated schema says.
        ValueError: no event from before the cut has landed, or an input cannot be read.
        OSError: `features` cannot be written to.
    """
    settings = options or HistoryOptions()
    cut = as_of or window.default_cut(events)
    with partitions.building(features, VIEW, cut) as draft:
        found = window.window(events, cut, settings.days)
        if tracks is not None:
            track_facts(tracks)  # a table that cannot be read ends it here
        rows = _Rows(found.end, tracks, settings)
        with window.read_from(events, found):
            copies = bucketed.write_rows(found, COLUMNS, rows, draft.scratch, beam_args)
        finished = finish(draft, bucketed.read_rows(draft.scratch))
    return ListenersBuilt(
        draft.partition, draft.changed, finished.warnings, finished.rows, found.rows, copies
    )


class _Rows:
    """Makes the rows of a bucket's events."""

    def __init__(self, cut: int, tracks: str | None, options: HistoryOptions) -> None:
        self._cut, self._tracks, self._options = cut, tracks, options

    def __call__(self, events: pa.Table) -> tuple[pa.Table, int]:
        facts = track_facts(self._tracks)
        return history_rows(events, self._cut, facts, self._options.seeds, self._options.top)

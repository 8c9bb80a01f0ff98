"""Builds `heard` in a batch of Beam."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

from listening.features import bucketed, partitions, window
from listening.features.bucketed import ListenersBuilt
from listening.features.finishing import finish
from listening.features.heard.columns import COLUMNS, KINDS, heard_rows

VIEW: Final = "heard"


def build(
    events: str,
    features: str,
    as_of: datetime.datetime | None = None,
    *,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> ListenersBuilt:
    """Builds the partition of a cut, in place of an earlier version.

    All landed events before the cut are read, so what a listener heard stays heard for as long as
    events stay. Memory holds a bucket of listeners at a time.

    Args:
        events: a directory of landed events.
        features: the directory of features.
        as_of: the cut, a whole hour of UTC; the beginning of the newest event's hour by default.
        beam_args: of a runner that reaches the directories.

    Raises:
        InUseError: another command builds it.
        SeriousAnomalyError: the rows are not what the curated schema says.
        ValueError: no event from before the cut has landed, or a file cannot be read.
        OSError: `features` cannot be written to.
    """
    cut = as_of or window.default_cut(events)
    with partitions.building(features, VIEW, cut) as draft:
        found = window.window(events, cut, None)
        with window.read_from(events, found):
            copies = bucketed.write_rows(
                found, COLUMNS, heard_rows, draft.scratch, beam_args, kinds=KINDS
            )
        finished = finish(draft, bucketed.read_rows(draft.scratch))
    return ListenersBuilt(
        draft.partition, draft.changed, finished.warnings, finished.rows, found.rows, copies
    )

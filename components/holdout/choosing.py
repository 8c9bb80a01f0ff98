"""Who is held out: playlists or listeners, of all segments or one, all of them or a share."""

from __future__ import annotations

from typing import Final

import apache_beam as beam
import tensorflow as tf

from components.holdout.examples import segment
from components.holdout.options import HoldoutOptions
from evaluation.scenarios import SCENARIOS
from schema.documents import Amount, SplitCounts
from schema.splits import DECIDING, HELD_OUT

_PLAYLISTS: Final = "playlists where listeners are held out"
_LISTENERS: Final = "listeners where playlists are held out"
_OTHER_SEGMENTS: Final = "listeners of other segments"
#: What is left out of held-out splits, as it is counted.
OTHERS: Final = (_PLAYLISTS, _LISTENERS, _OTHER_SEGMENTS)


def other(playlist: tf.train.Example, options: HoldoutOptions) -> str | None:
    """What a playlist or listener is, where it is not to be held out; else None."""
    found = segment(playlist)
    if options.of == "playlists":
        return None if found is None else _LISTENERS
    if found is None:
        return _PLAYLISTS
    return None if options.segment in (None, found) else _OTHER_SEGMENTS


def drawn(playlists: int, most: int | None) -> float:
    """Which share of so many are held out."""
    return 1.0 if most is None or playlists <= most else most / playlists


class DrawnShare(beam.PTransform):
    """Serialised playlists to the share that is drawn of those who are to be held out."""

    def __init__(self, options: HoldoutOptions) -> None:
        """Takes who they are, and how many are wanted."""
        super().__init__()
        self._options = options

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Gives one number."""
        return (
            records
            | "Wanted" >> beam.Filter(self._is_wanted)
            | "Count" >> beam.combiners.Count.Globally()
            | "Share" >> beam.Map(drawn, self._options.max_playlists)
        )

    def _is_wanted(self, element: bytes) -> bool:
        return other(tf.train.Example.FromString(element), self._options) is None


def summary(options: HoldoutOptions) -> str:
    """Says what is withheld, for the console."""
    splits = " and ".join(HELD_OUT)
    if options.of == "playlists":
        return f"tracks of {splits} withheld in {len(SCENARIOS)} scenarios"
    return f"first plays of {_who(options)} in {splits} withheld"


def raise_if_nobody(split: SplitCounts, options: HoldoutOptions) -> None:
    """Refuses a split that decides, of which all were others than those who are to be held out.

    Raises:
        ValueError: nobody is left.
    """
    read, written = split.read or Amount(), split.written or Amount()
    if written.playlists or not any(what in split.left_out for what in OTHERS):
        return
    raise ValueError(
        f"{DECIDING} has no {_who(options)} to hold out among its {read.playlists:,} records, so "
        "no model can be judged; see holdout.of and holdout.segment"
    )


def _who(options: HoldoutOptions) -> str:
    return options.of if options.segment is None else f"{options.of} of {options.segment}"

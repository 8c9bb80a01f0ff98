"""Counts by track in windows of event time: one Beam transform for batches and for streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import apache_beam as beam
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, AfterWatermark
from apache_beam.transforms.window import FixedWindows
from apache_beam.utils.timestamp import Duration

from schema.tables import COUNTED

HOUR: Final = 3_600_000_000
_PLACES: Final = {kind: place for place, kind in enumerate(COUNTED)}

#: How often each type of COUNTED happened, in its order.
Counts = tuple[int, ...]


def counts_of(kind: str, times: int = 1) -> Counts | None:
    """Counts of some events of one type; None where the type is not counted."""
    place = _PLACES.get(kind)
    if place is None:
        return None
    return tuple(times if at == place else 0 for at in range(len(_PLACES)))


def added(parts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Sums counts by track."""
    total: dict[str, Counts] = {}
    for part in parts:
        for track, counts in part.items():
            known = total.get(track)
            both = counts if known is None else tuple(map(sum, zip(known, counts, strict=True)))
            total[track] = both
    return total


class CountByHour(beam.PTransform):
    """Counts by track, each with an event time, to the counts of whole hours.

    An hour is given when the watermark passes its end, and once more, as a whole, for what comes up
    to the lateness after that; what comes later still is left out.

    Args:
        lateness: microseconds after an hour's end.
    """

    def __init__(self, lateness: int) -> None:
        super().__init__()
        self._lateness = lateness

    def expand(self, events: Any) -> Any:
        """Gives pairs of an hour's start, in microseconds since 1970, and its counts by track."""
        return (
            events
            | "Hours"
            >> beam.WindowInto(
                FixedWindows(HOUR / 1_000_000),
                trigger=AfterWatermark(late=AfterCount(1)),
                accumulation_mode=AccumulationMode.ACCUMULATING,
                allowed_lateness=Duration(micros=self._lateness),
            )
            | "ByHour" >> beam.Map(_with_hour)
            | "Sum" >> beam.CombinePerKey(added)  # type: ignore[arg-type]
        )


def _with_hour(
    counts: Mapping[str, Counts], window: Any = beam.DoFn.WindowParam
) -> tuple[int, Mapping[str, Counts]]:
    return window.start.micros, counts

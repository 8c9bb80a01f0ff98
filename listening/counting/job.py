"""Counts hours that are over, again where late events have reopened them, in a batch of Beam."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from listening.counting import hours
from listening.counting.hours import CountedHour, State
from listening.counting.windows import HOUR, CountByHour, Counts, added, counts_of
from listening.events import reading
from listening.events.reading import Landed, LandedHour
from schema import output_lock

_COMMAND: Final = "segue events count"


@dataclasses.dataclass(frozen=True)
class CountOptions:
    """When an hour is over, and for how long it may be reopened.

    Attributes:
        wait_hours: the watermark is the newest event's time less so many hours; an hour is counted
            when the watermark has passed its end.
        lateness_hours: an hour is counted again while the watermark has not passed its end by more
            than so many hours; whenever a listener was erased from it.

    Raises:
        ValueError: a number is negative.
    """

    wait_hours: float = 1.0
    lateness_hours: float = 72.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not getattr(self, field.name) >= 0:
                raise ValueError(f"{field.name}: {getattr(self, field.name)} is negative")

    @property
    def wait(self) -> int:
        """In microseconds."""
        return round(self.wait_hours * HOUR)

    @property
    def lateness(self) -> int:
        """In microseconds."""
        return round(self.lateness_hours * HOUR)


@dataclasses.dataclass(frozen=True)
class Counted:
    """What came of counting.

    Attributes:
        hours: those that were counted for the first time.
        reopened: those that were counted again.
        open: those that are not over, as far as the newest event tells.
        too_late: events that came when their hour could not be reopened any more, in all.
        watermark: in microseconds since 1970; None where nothing has landed.
    """

    hours: tuple[str, ...]
    reopened: tuple[str, ...]
    open: tuple[str, ...]
    too_late: int
    watermark: int | None


def count(
    events: str,
    out: str,
    options: CountOptions | None = None,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> Counted:
    """Counts what has changed since the last time.

    Killed at any moment and started again, it comes to the same: each hour is made anew of its
    committed files, and renamed into place under its version.

    Args:
        events: a directory of landed events.
        out: the directory of counts; one command at a time writes to it.
        options: the defaults where there are none.
        beam_args: of a runner that reaches both directories.

    Raises:
        InUseError: another command writes to `out`.
        ValueError: nothing has landed in `events`, or what lies in one of the directories cannot
            be read, or `out` was counted of other events.
        OSError: `out` cannot be written to.
    """
    settings = options or CountOptions()
    if not reading.exists(events):
        raise ValueError(f"{events} holds no landed events: segue events land writes them")
    with output_lock.taken(out, _COMMAND):
        before, landed, known = State.read(out), reading.landed(events), hours.counted(out)
        if before.commit > landed.commit:
            raise ValueError(f"{out} was counted of other events than those in {events}")
        hours.clear(out)
        due, too_late = _due(landed, known, before.watermark, settings)
        _run(due, out, settings, beam_args)
        hours.clear(out)
        watermark = _latest(before.watermark, landed.newest, settings.wait)
        State(commit=landed.commit, watermark=watermark).write(out)
    closed = {hour.hour for hour in landed.closed(settings.wait)}
    return Counted(
        hours=tuple(hour.hour for hour in due if hour.hour not in known),
        reopened=tuple(hour.hour for hour in due if hour.hour in known),
        open=tuple(hour for hour in landed.hours if hour not in closed),
        too_late=too_late,
        watermark=watermark,
    )


def _due(
    landed: Landed,
    known: Mapping[str, CountedHour],
    watermark: int | None,
    options: CountOptions,
) -> tuple[list[LandedHour], int]:
    """The hours to count, and how many events came too late for that.

    What is too late was so when the last count ended: what landed since then came after it. A
    listener who was erased leaves the counts too, however old the hour is.
    """
    due, too_late = [], 0
    for hour in landed.closed(options.wait):
        counted = known.get(hour.hour)
        if counted is not None and counted.version >= hour.version:
            continue
        erased = counted is not None and hour.erased > counted.version
        if watermark is not None and hour.end + options.lateness < watermark and not erased:
            too_late += max(0, hour.rows - (counted.events() if counted else 0))
        else:
            due.append(hour)
    return due, too_late


def _latest(before: int | None, newest: int | None, wait: int) -> int | None:
    """The watermark never goes back, even where more is waited for than before."""
    now = None if newest is None else newest - wait
    return max((each for each in (before, now) if each is not None), default=None)


def _run(
    due: Sequence[LandedHour], out: str, options: CountOptions, beam_args: Sequence[str]
) -> None:
    versions = {hour.end - HOUR: (hour.version, hour.rows) for hour in due}
    files = [(hour.end - HOUR, path) for hour in due for path in hour.files]
    if files:
        with (
            _errors_as_they_were(),
            beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline,
        ):
            _ = (
                pipeline
                | "Files" >> beam.Create(files)
                | "Spread" >> beam.Reshuffle()
                | "Read" >> beam.MapTuple(_read)
                | "Count" >> CountByHour(options.lateness)
                | "Write" >> beam.MapTuple(_Writer(out, versions))
            )
    for hour in due:
        if not hour.files:  # of which all events were erased
            hours.place_hour(out, hour.end - HOUR, hour.version, hour.rows, {})


@contextlib.contextmanager
def _errors_as_they_were() -> Iterator[None]:
    """Beam makes a RuntimeError of the system's, such as of a full disk."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


class _Writer:
    """Puts an hour in place."""

    def __init__(self, out: str, versions: Mapping[int, tuple[int, int]]) -> None:
        self._out = out
        self._versions = dict(versions)

    def __call__(self, start: int, tracks: Mapping[str, Counts]) -> None:
        version, events = self._versions[start]
        hours.place_hour(self._out, start, version, events, tracks)


def _read(start: int, path: str) -> Any:
    """The counts of a file; its events are all of one hour, whose start stands for their times."""
    table = reading.read_file(path, ["type", "track_uri"])
    found = table.group_by(["type", "track_uri"]).aggregate([("type", "count")])
    columns = (found.column(name).to_pylist() for name in ("type", "track_uri", "type_count"))
    counts = ((uri, counts_of(kind, n)) for kind, uri, n in zip(*columns, strict=True))
    tracks = added({uri: each} for uri, each in counts if each is not None)
    return TimestampedValue(tracks, Timestamp(micros=start))

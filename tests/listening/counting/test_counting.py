"""Counting in batches: what Beam's TestStream gives for the same events, and what a stop leaves."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing import test_stream
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from listening.counting import Counted, CountOptions, count, counted, hours, read_counts
from listening.counting.windows import CountByHour, counts_of
from listening.events import DirectorySource, erasing, land, reading
from schema.events import hour_of
from tests.listening.events.making import HOUR, MORNING, NOW, SECOND, fields, message, write

#: Hours are over when an hour has passed, and may be reopened for two more.
OPTIONS = CountOptions(wait_hours=1.0, lateness_hours=2.0)
Hourly = dict[str, dict[str, tuple[int, ...]]]


def event(number: int, at: float, kind: str = "stream") -> dict[str, Any]:
    """An event so many hours after MORNING."""
    left_out = {"ms_played": None, "track_ms": None, "source": None}
    more: dict[str, Any] = {
        "stream": {},
        "skip": {},
        "save": {"ms_played": None, "track_ms": None},
        "playlist_add": {**left_out, "playlist_uri": f"spotify:playlist:{1:022d}"},
        "follow": {**left_out, "track_uri": None, "followed_listener": "f" * 32},
    }[kind]
    return fields(number, type=kind, event_time=MORNING + round(at * HOUR), **more)


#: What lands before each count: late events for hours that may be reopened, and for others.
ARRIVALS: Sequence[Sequence[dict[str, Any]]] = (
    [event(0, 0.1), event(50, 0.2), event(1, 0.3, "skip"), event(2, 1.5), event(3, 2.0)],
    [event(4, 0.4, "save"), event(5, 1.6), event(6, 3.5), event(7, 2.1, "follow")],
    [event(8, 0.9), event(9, 2.2, "playlist_add"), event(10, 5.999), event(11, 4.5)],
    # The watermark stands a moment before the end of the fifth hour: 0 and 1 are closed for good.
    [event(12, 0.5), event(13, 1.7), event(14, 2.3), event(15, 2.4, "skip"), event(16, 6.0)],
    [event(17, 2.5), event(18, 3.1), event(19, 5.1), event(20, 20.0)],
    [event(21, 19.5), event(22, 6.5), event(23, 20.5)],
)


def landing(folder: pathlib.Path, name: str, events: Sequence[Mapping[str, Any]]) -> str:
    out = str(folder / "events")
    source = folder / "source"
    write(source, name, [json.dumps(each).encode() for each in events])
    land(out, DirectorySource(str(source)), clock=lambda: NOW)
    return out


def counts_in(out: str) -> Hourly:
    found: Hourly = {}
    for hour in counted(out):
        rows = read_counts(out, hour).drop(["window_start"]).to_pylist()
        found[hour] = {row.pop("track_uri"): tuple(row.values()) for row in rows}
    return found


class _Keep(beam.DoFn):  # type: ignore[misc]
    """Appends each pane to a file, since a runner has copies of whatever else it is given."""

    def __init__(self, path: str) -> None:
        self._path = path

    def process(self, element: Any, pane: Any = beam.DoFn.PaneInfoParam) -> list[Any]:
        start, tracks = element
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps([pane.index, start, tracks]) + "\n")
        return []


def streamed(path: pathlib.Path) -> Hourly:
    """What streaming windows give for ARRIVALS: the last pane of each hour."""
    stream, newest = test_stream.TestStream(), 0
    for events in ARRIVALS:
        for each in events:
            counts = counts_of(each["type"])
            if counts is not None:
                at = Timestamp(micros=each["event_time"])
                stream.add_elements([TimestampedValue({each["track_uri"]: counts}, at)])
        newest = max(newest, *(each["event_time"] for each in events))
        stream.advance_watermark_to(Timestamp(micros=newest - OPTIONS.wait))
    with beam.Pipeline(options=PipelineOptions(["--streaming"])) as pipeline:
        _ = (
            pipeline
            | stream.advance_watermark_to_infinity()
            | CountByHour(OPTIONS.lateness)
            | beam.ParDo(_Keep(str(path)))
        )
    panes = [json.loads(line) for line in path.read_text().splitlines()]
    closed = newest - OPTIONS.wait
    return {
        hour_of(start): {track: tuple(counts) for track, counts in tracks.items()}
        for _, start, tracks in sorted(panes, key=lambda pane: pane[0])
        if start + HOUR <= closed
    }


def batched(folder: pathlib.Path) -> tuple[Hourly, list[Counted]]:
    """What counting gives after each landing of ARRIVALS."""
    out, found = str(folder / "counts"), []
    for number, events in enumerate(ARRIVALS):
        found.append(count(landing(folder, str(number), events), out, OPTIONS))
    return counts_in(out), found


def test_batches_of_landed_hours_are_what_streaming_windows_give(tmp_path: pathlib.Path) -> None:
    stream = streamed(tmp_path / "panes.jsonl")
    hourly, found = batched(tmp_path)
    assert hourly == {hour: stream.get(hour, {}) for hour in hourly}
    assert stream.keys() <= hourly.keys()
    assert [len(each.hours) for each in found] == [1, 1, 2, 1, 2, 0]
    assert found[1].reopened == ("2024-03-20T10",)
    assert found[2].reopened == ("2024-03-20T10",)
    assert found[3].reopened == ("2024-03-20T12",)
    assert found[4].reopened == ("2024-03-20T12", "2024-03-20T13"), "at the last moment"
    assert [each.too_late for each in found] == [0, 0, 0, 2, 2, 3]
    first = {f"spotify:track:{0:022d}": (2, 0, 0, 0), f"spotify:track:{1:022d}": (0, 1, 0, 0)}
    assert first.items() <= hourly["2024-03-20T10"].items()


def test_to_count_again_changes_nothing(tmp_path: pathlib.Path) -> None:
    events = landing(tmp_path, "a", [*ARRIVALS[0], event(6, 3.5)])
    out = str(tmp_path / "counts")
    count(events, out, OPTIONS)
    before = {path: path.read_bytes() for path in (tmp_path / "counts").rglob("*.parquet")}
    assert count(events, out, OPTIONS).hours == ()
    shutil.rmtree(out)
    count(events, out, OPTIONS)
    assert {path: path.read_bytes() for path in before} == before
    assert {each.version for each in counted(out).values()} == {1}


def test_a_count_that_was_cut_short_is_made_good(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = landing(tmp_path, "a", ARRIVALS[0])
    out = str(tmp_path / "counts")
    count(events, out, OPTIONS)
    landing(tmp_path, "b", ARRIVALS[1])
    with monkeypatch.context() as patched:
        patched.setattr(hours.State, "write", lambda *_: None)
        patched.setattr(hours, "clear", lambda *_: None)
        count(events, out, OPTIONS)
    (hour,) = (tmp_path / "counts").glob("hour=2024-03-20T10")
    (hour / ".partial-0").write_bytes(b"half of it")
    assert len(list(hour.iterdir())) == 3
    done = count(events, out, OPTIONS)
    assert (done.hours, done.reopened) == ((), ())
    assert [path.name for path in hour.iterdir()] == ["version-000000000002.parquet"]
    expected = tmp_path / "anew"
    count(events, str(expected), OPTIONS)
    assert counts_in(out) == counts_in(str(expected))


def test_a_full_disk_is_an_error_and_the_next_count_goes_on(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, out = landing(tmp_path, "a", ARRIVALS[0]), str(tmp_path / "counts")
    count(events, out, OPTIONS)
    before = counts_in(out)
    landing(tmp_path, "b", [*ARRIVALS[1], event(30, 6.9)])
    done, fsync = 0, os.fsync

    def full(descriptor: int) -> None:
        nonlocal done
        done += 1
        if done >= 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=rf"No space left on device: '{out}"):
            count(events, out, OPTIONS)
    assert counts_in(out).keys() >= before.keys()
    assert not list(pathlib.Path(out).rglob(".partial-*"))
    count(events, out, OPTIONS)
    count(events, str(tmp_path / "anew"), OPTIONS)
    assert counts_in(out) == counts_in(str(tmp_path / "anew"))


def test_every_event_of_a_track_is_counted_once(tmp_path: pathlib.Path) -> None:
    lines = [message(number) for number in range(500)]
    write(tmp_path / "source", "a", [*lines, *lines[:50]])
    write(tmp_path / "source", "b", [message(10**6, event_time=MORNING + 3 * HOUR)])
    land(str(tmp_path / "events"), DirectorySource(str(tmp_path / "source")), clock=lambda: NOW)
    count(str(tmp_path / "events"), str(tmp_path / "counts"))
    table = read_counts(str(tmp_path / "counts"), "2024-03-20T10")
    assert table.column("streams").to_pylist() == [10] * 50
    assert table.column("track_uri").to_pylist() == sorted(table.column("track_uri").to_pylist())
    starts = set(table.column("window_start").cast("int64").to_pylist())
    assert starts == {MORNING - MORNING % HOUR}
    assert MORNING % SECOND == 0


def test_who_is_erased_leaves_the_counts_of_hours_that_are_closed_for_good(
    tmp_path: pathlib.Path,
) -> None:
    gone, stays = "a" * 32, "b" * 32
    early = [{**event(number, 0.1), "listener_id": who} for number, who in ((0, gone), (50, stays))]
    landing(tmp_path, "a", [*early, event(1, 1.5)])
    events, out = landing(tmp_path, "b", [event(2, 100.0)]), str(tmp_path / "counts")
    count(events, out, OPTIONS)
    late = {**event(100, 0.3), "listener_id": stays}
    landing(tmp_path, "c", [late, event(3, 1.6)])
    assert count(events, out, OPTIONS).too_late == 2
    erasing.erase(events, [gone])
    found = count(events, out, OPTIONS)
    assert (found.reopened, found.too_late) == (("2024-03-20T10",), 1)
    assert counts_in(out)["2024-03-20T10"] == {f"spotify:track:{0:022d}": (2, 0, 0, 0)}
    assert count(events, out, OPTIONS).reopened == ()


@pytest.mark.parametrize("name", ["wait_hours", "lateness_hours"])
def test_numbers_below_zero_are_refused(name: str) -> None:
    for value in (-1.0, float("nan")):
        with pytest.raises(ValueError, match=name):
            CountOptions(**{name: value})


def test_directories_that_do_not_belong_together_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="holds no landed events"):
        count(str(tmp_path / "events"), str(tmp_path / "counts"))
    events = landing(tmp_path, "a", ARRIVALS[0])
    hours.State(commit=reading.landed(events).commit + 1).write(str(tmp_path))
    with pytest.raises(ValueError, match="was counted of other events"):
        count(events, str(tmp_path))

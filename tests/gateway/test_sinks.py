"""Exposures: each answer's is logged, or counted as unlogged, whatever becomes of the sink."""

from __future__ import annotations

import os
import pathlib
import threading
from collections.abc import Callable, Iterator, Sequence

import confluent_kafka as ck
import pytest

from gateway.configuration import Exposures as Options
from gateway.exposures import UNLOGGED, Exposure, Exposures, Sink
from gateway.running import sink_of
from gateway.spool import SpoolSink
from listening.events import DirectorySource, lines_of
from listening.events.kafka.mock import mock_broker
from schema.events import parse
from tests.gateway.making import KNOWN, uri


def exposure(number: int = 0, tracks: int = 2, **fields: object) -> Exposure:
    told: dict[str, object] = {
        "request_id": f"{number:032x}",
        "listener_id": KNOWN,
        "session_id": "visit",
        "event_time": 1_700_000_000_000_000 + number,
        "surface": "home",
        "model_version": "segue/7",
        "candidate_set": "set",
        "experiment": None,
        "arm": None,
        "track_uris": [uri(n) for n in range(tracks)],
        "propensities": [1.0] * tracks,
        **fields,
    }
    return Exposure(**told)  # type: ignore[arg-type]


def read_kafka(brokers: str, count: int) -> list[bytes]:
    consumer = ck.Consumer(
        {"bootstrap.servers": brokers, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["events"])
    found = [m.value() for m in consumer.consume(count, timeout=30) if not m.error()]
    consumer.close()
    return found


@pytest.fixture(params=["directory", "kafka"])
def place(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> Iterator[tuple[Sink, Callable[[int], list[bytes]]]]:
    """A sink, and what reads what was written to it."""
    if request.param == "directory":
        made = sink_of(Options.model_validate({"directory": str(tmp_path / "a" / "b")}))

        def lines(_: int) -> list[bytes]:
            return [
                line
                for path in lines_of([str(tmp_path / "a" / "b")])
                for line in pathlib.Path(path).read_bytes().splitlines()
            ]

        yield made, lines
    else:
        with mock_broker() as brokers:
            kafka = {"brokers": brokers, "topic": "events"}
            made = sink_of(Options.model_validate({"kafka": kafka}))
            yield made, lambda count: read_kafka(brokers, count)


def test_what_is_logged_can_be_landed(
    place: tuple[Sink, Callable[[int], list[bytes]]],
) -> None:
    sink, read = place
    log = Exposures(sink, 1000)
    for number in range(50):
        log.log(exposure(number))
    log.close(30)
    assert log.counts() == {"logged": 50}
    events = [parse(line) for line in read(100)]
    assert len(events) == 100
    assert len({event.idempotency_key for event in events}) == 100
    assert {event.listener_id for event in events} == {KNOWN}


def test_what_is_no_exposure_is_counted(tmp_path: pathlib.Path) -> None:
    log = Exposures(SpoolSink(str(tmp_path / "log"), 2**20), 1000)
    log.log(exposure(tracks=0))
    log.log(exposure(1, model_version="no name"))
    log.log(exposure(2))
    log.log(exposure(4, propensities=[0.5, 0.0]))
    log.log(exposure(5, track_uris=[uri(1), "spotify:track:short"]))
    log.close(10)
    log.log(exposure(3))
    assert log.counts() == {"empty": 1, "invalid": 3, "logged": 1, "closing": 1}
    assert log.counts().keys() - {"logged"} <= UNLOGGED.keys()


class Stuck:
    """A sink that takes nothing until it may."""

    def __init__(self, fails: bool = False) -> None:
        self.may = threading.Event()
        self.fails = fails

    def send(self, key: bytes, lines: Sequence[bytes], done: Callable[[bool], None]) -> None:
        self.may.wait(30)
        if self.fails:
            raise OSError("no")
        done(True)

    def work(self) -> None:
        if self.fails:
            raise OSError("no")

    def close(self, seconds: float) -> None:
        if self.fails:
            raise OSError("no")


@pytest.mark.parametrize("fails", [False, True])
def test_a_sink_that_is_stuck_keeps_nobody_waiting(fails: bool) -> None:
    sink = Stuck(fails)
    log = Exposures(sink, waiting=5)
    for number in range(20):
        log.log(exposure(number))
    assert log.counts()["full"] >= 14  # one may be in the sink's hands
    sink.may.set()
    log.close(30)
    counts = log.counts()
    assert sum(counts.values()) == 20
    assert counts["failed" if fails else "logged"] == 20 - counts["full"]


def test_a_broker_that_is_gone_is_no_end(tmp_path: pathlib.Path) -> None:
    kafka = {"brokers": "127.0.0.1:9", "topic": "events", "deadline_ms": 200}
    log = Exposures(sink_of(Options.model_validate({"kafka": kafka})), 1000)
    for number in range(30):
        log.log(exposure(number))
    log.close(30)
    assert log.counts() == {"failed": 30}


def test_files_end_at_their_size_and_are_told_apart(tmp_path: pathlib.Path) -> None:
    sink, done = SpoolSink(str(tmp_path), 1), []
    for number in range(3):
        sink.send(b"", list(exposure(number).events()), done.append)
        sink.work()
    sink.close(1)
    assert done == [True] * 3
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    source = DirectorySource(str(tmp_path))
    source.start(None, {}, print)
    found = 0
    while not source.ended:
        found += sum(len(chunk.messages) for chunk in source.read(0))
    assert found == 6


def test_a_directory_that_was_taken_away_is_made_anew(tmp_path: pathlib.Path) -> None:
    folder, done = tmp_path / "log", []
    sink = SpoolSink(str(folder), 2**20)
    for number in range(2):
        sink.send(b"", list(exposure(number).events()), done.append)
        sink.work()
        for path in folder.glob("*"):
            path.unlink()
        folder.rmdir()
    sink.send(b"", list(exposure(3).events()), done.append)
    sink.close(1)
    assert done == [True] * 3
    assert len(list(folder.glob("*.jsonl"))) == 1


def test_half_a_line_is_taken_back(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink, done = SpoolSink(str(tmp_path), 2**20), []
    sink.send(b"", [b"whole"], done.append)
    sink.work()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:3]))
    sink.send(b"", [b"broken"], done.append)
    with pytest.raises(OSError, match="no space"):
        sink.work()
    monkeypatch.undo()
    sink.send(b"", [b"again"], done.append)
    sink.close(1)
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes() == b"whole\nagain\n"
    assert done == [True, False, True]

"""How many events a second one core lands, and what takes the time: `make bench ARGS=landing`.

`segue events land` reads a directory in a process of its own; then the same events come from
librdkafka's mock broker in this process, whose own work counts too and is told apart by reading
the topic without landing. The parts are timed one by one on the same messages.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks import harness, landing_events

_EVENTS: Final = 400_000
_PART: Final = 50_000
#: What a mock broker keeps: 5 MB a partition. The events of two hours, as while one follows.
_MOCK_EVENTS: Final = 40_000
_MOCK_HOURS: Final = 2


def measure(events: int = _EVENTS) -> dict[str, Any]:
    """Lands events from a directory and from Kafka.

    Returns:
        `events`, `directory` and `kafka` (seconds, CPU seconds, peak MiB, messages a CPU second),
        and `microseconds`: CPU time a message of each part of the work.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        written = landing_events.write(folder / "source", events)
        return {
            "messages": written.messages,
            "events": len(written.keys),
            "directory": _directory(folder, written),
            "kafka": _kafka(folder / "kafka"),
            "microseconds": _parts(folder / "source"),
        }


def _directory(folder: pathlib.Path, written: landing_events.Written) -> dict[str, Any]:
    out = folder / "out"
    done = harness.segue(
        "events", "land", "--input", str(folder / "source"), "--out", str(out), "--json"
    )
    told = done.told()
    if (told["read"], told["landed"]) != (written.messages, len(written.keys)):
        raise RuntimeError(f"{told} is not what was written")
    shutil.rmtree(out)
    # What the command costs without any event, such as importing Arrow.
    idle = harness.segue("events", "land", "--help").cpu_seconds
    return {
        **done.figures(),
        "start_cpu_seconds": round(idle, 1),
        "messages_per_cpu_second": round(written.messages / (done.cpu_seconds - idle)),
    }


def _kafka(folder: pathlib.Path) -> dict[str, Any]:
    """In a process of its own, with the broker: threads of librdkafka count as its CPU time."""
    written = landing_events.write(folder / "source", _MOCK_EVENTS, hours=_MOCK_HOURS)
    command = [sys.executable, "-m", "benchmarks.landing", str(folder)]
    done = harness.run(command, TF_CPP_MIN_LOG_LEVEL="3")
    told = done.told()
    if (told["read"], told["landed"]) != (written.messages, len(written.keys)):
        raise RuntimeError(f"{told} is not what was written")
    return {
        "messages": written.messages,
        "produced_per_second": round(written.messages / told["produce_seconds"]),
        "read_only_cpu_seconds": round(told["read_only"], 1),
        "cpu_seconds": round(told["landing"], 1),
        "messages_per_cpu_second": round(written.messages / told["landing"]),
        "peak_mib": round(1024 * done.peak_gib),
    }


def _with_mock(folder: pathlib.Path) -> dict[str, Any]:
    from listening.events import land, lines_of
    from listening.events.kafka import consuming, mock, producing

    with mock.mock_broker() as brokers:
        settings = {"bootstrap.servers": brokers}
        started = time.monotonic()
        producing.produce(lines_of([str(folder / "source")]), "events", settings)
        seconds = time.monotonic() - started

        def read() -> None:
            source = consuming.KafkaSource(settings, "events")
            source.start(None, {}, print)
            while not source.ended:
                source.read(0.5)
            source.close()

        read_only = _cpu(read)
        counts = []
        source, out = consuming.KafkaSource(settings, "events"), str(folder / "out")
        landing = _cpu(lambda: counts.append(land(out, source)))
        return {
            "read": counts[0].read,
            "landed": counts[0].landed,
            "produce_seconds": seconds,
            "read_only": read_only,
            "landing": landing,
        }


def _parts(source: pathlib.Path) -> dict[str, float]:
    """CPU time of each part of the work, in microseconds a message."""
    import numpy as np

    from listening.events import DirectorySource
    from listening.events.keys import KeyIndex
    from listening.events.parsing import joined, parse_chunk
    from listening.events.store import by_hour, parquet
    from schema.events import EventPlaces, RefusedError, parse

    opened = DirectorySource(str(source))
    opened.start(None, {}, print)
    chunks, messages = [], 0
    while messages < _PART:
        chunks += opened.read(0)
        messages = sum(len(chunk.messages) for chunk in chunks)
    now = 1 << 60

    def validate() -> None:
        for chunk in chunks:
            for message in chunk.messages:
                try:
                    parse(message, now)
                except RefusedError:
                    continue

    parsed: list[Any] = []
    found = {"contract": _cpu(validate)}
    both = _cpu(lambda: parsed.append(joined([parse_chunk(each, now) for each in chunks])))
    found["columns"] = both - found["contract"]
    with tempfile.TemporaryDirectory() as empty:
        index = KeyIndex(EventPlaces(empty), now, 0, ())
        keys = parsed[0].keys

        def look_up() -> None:
            unseen = index.unseen(keys, np.arange(len(keys)))
            index.add(1, 0, keys[unseen])
            index.save(0)

        found["keys"] = _cpu(look_up)
    found["parquet"] = _cpu(lambda: [parquet(t) for _, t in by_hour(parsed[0].events)])
    return {part: round(seconds / messages * 1e6, 1) for part, seconds in found.items()}


def _cpu(work: Callable[[], Any]) -> float:
    before = os.times()
    work()
    after = os.times()
    return after.user + after.system - before.user - before.system


if __name__ == "__main__":
    print(json.dumps(_with_mock(pathlib.Path(sys.argv[1]))))

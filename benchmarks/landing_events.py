"""Events to land in benchmarks: streams in JSON lines, with copies and poison among them."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
from typing import Any, Final

#: 2024-03-20 in UTC, in microseconds since 1970.
_START: Final = 1_710_892_800_000_000
_COPIES: Final = 0.02
_POISON: Final = 0.01
_BAD: Final = (b"\xff\xfe", b'{"type":"stream"}', b"[" * 2000, b'{"type":"dance"}')


@dataclasses.dataclass
class Written:
    """What was written.

    Attributes:
        messages: lines of all files.
        keys: of events, each once.
        poison: lines that are no events.
    """

    messages: int
    keys: set[str]
    poison: int


def write(
    folder: pathlib.Path, events: int, files: int = 4, hours: int = 48, seed: int = 7
) -> Written:
    """Writes streams to files `events-N.jsonl`; 2% come twice, 1% of lines are poison.

    Args:
        folder: made where it is missing.
        events: how many different ones.
        files: how many files share them.
        hours: over how many hours they are spread.
        seed: of the same one come the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chosen = random.Random(seed)
    written = Written(0, set(), 0)
    step = hours * 3_600_000_000 // events
    for file in range(files):
        lines: list[bytes] = []
        for number in range(file, events, files):
            event = _event(chosen, number, _START + number * step)
            written.keys.add(event["idempotency_key"])
            lines.append(json.dumps(event, separators=(",", ":")).encode())
            if chosen.random() < _COPIES:
                lines.append(lines[chosen.randrange(len(lines))])
            if chosen.random() < _POISON:
                lines.append(_BAD[number % len(_BAD)])
        written.messages += len(lines)
        (folder / f"events-{file}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    written.poison = _poison(folder)
    return written


def _poison(folder: pathlib.Path) -> int:
    return sum(
        line in _BAD for path in folder.glob("*.jsonl") for line in path.read_bytes().split(b"\n")
    )


def _event(chosen: random.Random, number: int, time: int) -> dict[str, Any]:
    return {
        "type": "stream",
        "schema_version": "1.0",
        "idempotency_key": f"{chosen.getrandbits(128):032x}",
        "event_time": time,
        "listener_id": f"{chosen.randrange(20_000):032x}",
        "session_id": f"session-{number // 20}",
        "track_uri": f"spotify:track:{chosen.randrange(50_000):022d}",
        "ms_played": chosen.randrange(200_000),
        "track_ms": 200_000,
        "source": "playlist",
    }

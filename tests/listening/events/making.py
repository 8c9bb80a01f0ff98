"""Events for tests, and the files that they come in."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable
from typing import Any

#: 2024-03-20T10:00:00 in UTC, in microseconds since 1970.
MORNING = 1_710_928_800_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
#: A time of the reader's, a week later.
NOW = MORNING + 7 * DAY


def fields(number: int, **changed: Any) -> dict[str, Any]:
    """A stream, one a second from MORNING on; fields that are None are left out."""
    found = {
        "type": "stream",
        "schema_version": "1.0",
        "idempotency_key": f"event-{number:08d}",
        "event_time": MORNING + number * SECOND,
        "listener_id": f"{number % 7:032x}",
        "track_uri": f"spotify:track:{number % 50:022d}",
        "ms_played": 30_000,
        "track_ms": 200_000,
        "source": "playlist",
        **changed,
    }
    return {key: value for key, value in found.items() if value is not None}


def message(number: int, **changed: Any) -> bytes:
    return json.dumps(fields(number, **changed)).encode()


def write(folder: pathlib.Path, name: str, lines: Iterable[bytes]) -> None:
    """Writes lines to a file of JSON lines, in place of what was there."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def append(folder: pathlib.Path, name: str, content: bytes) -> None:
    with (folder / f"{name}.jsonl").open("ab") as file:
        file.write(content)

"""A load on a gateway over HTTP: workers that each ask one after the other, on connections kept.

As a process of its own, `python -m benchmarks.gateway_load`, it does for each line of its standard
input what that says, a JSON object: `port`, `listeners`, `surface`, `concurrency`, `requests`. With
`target` in place of a port and a surface it asks a model server directly, for listeners as long.
"""

from __future__ import annotations

import asyncio
import collections
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.load_generator import LoadGenerator, requests_of
from benchmarks.serving_model import uri
from serving.protocol import Playlist

_SECONDS = 60.0
_PLAYLISTS = 64
_SEEDS = 50


class Asked(NamedTuple):
    """A request that was sent.

    Attributes:
        milliseconds: until its answer was there.
        fault: "" where it was answered with tracks; else what was wrong.
        answer: the answer.
    """

    milliseconds: float
    fault: str
    answer: dict[str, Any]


async def ask_all(
    port: int, bodies: Iterator[bytes], concurrency: int, requests: int
) -> list[Asked]:
    """Sends requests.

    Args:
        port: of the gateway on this machine.
        bodies: of requests.
        concurrency: workers.
        requests: of all of them together.
    """
    found: list[Asked] = []
    left = requests

    async def work() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0:
            left -= 1
            body = next(bodies)
            head = (
                "POST /v1/recommend HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            try:
                writer.write(head.encode() + body)
                status, content = await asyncio.wait_for(_answer(reader), _SECONDS)
                fault = "" if status == 200 else f"status {status}"
            except (OSError, EOFError, asyncio.TimeoutError) as error:
                fault, content = type(error).__name__, b"{}"
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            milliseconds = 1000 * (time.perf_counter() - began)
            answer = json.loads(content)
            if not fault and not answer.get("tracks"):
                fault = "no track"
            found.append(Asked(milliseconds, fault, answer))
        writer.close()

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return found


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    length = next(int(line[15:]) for line in lines if line.lower().startswith("content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)


async def ask_model(target: str, concurrency: int, requests: int) -> dict[str, Any]:
    """Asks a model server for playlists of fifty tracks, as long as what listeners heard last.

    Args:
        target: HOST:PORT.
        concurrency: workers.
        requests: of all of them together.
    """
    playlists = [
        Playlist("", tuple(uri(_SEEDS * number + place) for place in range(_SEEDS)))
        for number in range(_PLAYLISTS)
    ]
    generator = LoadGenerator(target, requests_of("segue", playlists))
    found = await generator.run(concurrency, requests=requests)
    await generator.close()
    return {**found, "failed": sum(found["errors"].values())}


def bodies(listeners: Sequence[str], surface: str) -> Iterator[bytes]:
    """Requests for listeners in turn, over and over."""
    told = [{"listener_id": who, "surface": surface} for who in listeners]
    return itertools.cycle([json.dumps(each).encode() for each in told])


def told(asked: Sequence[Asked]) -> dict[str, Any]:
    """Percentiles of milliseconds, how many failed, and who answered."""
    milliseconds = [each.milliseconds for each in asked]
    return {
        "requests": len(asked),
        "failed": sum(bool(each.fault) for each in asked),
        "served_by": dict(collections.Counter(each.answer.get("served_by") for each in asked)),
        **{f"p{q}_ms": round(float(np.percentile(milliseconds, q)), 2) for q in (50, 99)},
        "max_ms": round(max(milliseconds), 1),
    }


def main() -> None:
    """Does what lines say."""
    for line in sys.stdin:
        order = json.loads(line)
        size = order["concurrency"], order["requests"]
        if "target" in order:
            found = asyncio.run(ask_model(order["target"], *size))
        else:
            some = bodies(order["listeners"], order["surface"])
            found = told(asyncio.run(ask_all(order["port"], some, *size)))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

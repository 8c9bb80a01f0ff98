"""A load generator for a serving model, to be run as a process of its own.

`python -m benchmarks.load_generator --target HOST:PORT --playlists FILE` asks for continuations,
each worker one after the other, and prints a JSON object: requests, errors by code, throughput,
latency percentiles in milliseconds, and its own CPU time. Requests are serialised beforehand and
answers are not read, so that the clock sees the call alone; the first `--warm-up` requests are not
counted, and their answers are read to see that they hold recommendations.

With `--interactive` it stays, and does the same for each line of its standard input: a JSON object
with `concurrency` and `requests`.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import itertools
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2

from serving.client import ConnectionOptions, read_playlists
from serving.protocol import messages

_PREDICT = "/tensorflow.serving.PredictionService/Predict"


def requests_of(
    model: str, playlists: Sequence[messages.Playlist]
) -> list[predict_pb2.PredictRequest]:
    """One request a playlist."""
    spec = messages.model_spec(model)
    return [messages.playlists_request(spec, [playlist]) for playlist in playlists]


class LoadGenerator:
    """Sends requests over one connection; make it and use it in an event loop.

    Args:
        target: HOST:PORT.
        requests: sent in turn, over and over.
    """

    def __init__(self, target: str, requests: Sequence[predict_pb2.PredictRequest]) -> None:
        self._channel = ConnectionOptions(attempts=1).open(target, grpc.aio)
        self._predict = self._channel.unary_unary(_PREDICT)
        self._requests = itertools.cycle([request.SerializeToString() for request in requests])

    async def warm_up(self, count: int) -> None:
        """Sends requests one after the other and looks at the answers.

        Raises:
            grpc.RpcError: one was refused.
            BadAnswerError: an answer holds no recommendations.
        """
        for _ in range(count):
            data = await self._predict(next(self._requests), timeout=60)
            response = predict_pb2.PredictResponse.FromString(data)
            if not messages.read_recommendations(response, rows=1, top=1)[0]:
                raise messages.BadAnswerError("an answer recommends nothing")

    async def run(
        self, concurrency: int, requests: int | None = None, seconds: float | None = None
    ) -> dict[str, Any]:
        """Sends requests from `concurrency` workers, so many of them or for some seconds."""
        latencies: list[float] = []
        errors: collections.Counter[str] = collections.Counter()
        left = sys.maxsize if requests is None else requests

        async def work() -> None:
            nonlocal left
            while left > 0 and time.perf_counter() < until:
                left -= 1
                sent = time.perf_counter()
                try:
                    await self._predict(next(self._requests), timeout=60)
                except grpc.RpcError as error:
                    errors[error.code().name] += 1
                latencies.append(time.perf_counter() - sent)

        cpu, started = time.process_time(), time.perf_counter()
        until = started + seconds if seconds is not None else float("inf")
        await asyncio.gather(*(work() for _ in range(concurrency)))
        elapsed = time.perf_counter() - started
        milliseconds = np.array(latencies) * 1000
        return {
            "concurrency": concurrency,
            "requests": len(latencies),
            "errors": dict(errors),
            "seconds": round(elapsed, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
            "per_second": round(len(latencies) / elapsed, 1),
            **{f"p{q}_ms": round(float(np.percentile(milliseconds, q)), 3) for q in (50, 95, 99)},
        }

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()


async def _run(options: argparse.Namespace) -> None:
    playlists = read_playlists(options.playlists).playlists
    generator = LoadGenerator(options.target, requests_of(options.model, playlists))
    await generator.warm_up(options.warm_up)
    if options.interactive:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await generator.run(**json.loads(line))), flush=True)
    else:
        result = await generator.run(options.concurrency, options.requests, options.seconds)
        print(json.dumps(result))
    await generator.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, help="HOST:PORT")
    parser.add_argument("--playlists", required=True, help="file that segue query reads")
    parser.add_argument("--model", default="segue")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--requests", type=int, help="how many to send")
    parser.add_argument("--seconds", type=float, help="or for how long")
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--interactive", action="store_true", help="take orders from stdin")
    options = parser.parse_args(arguments)
    if options.requests is None and options.seconds is None and not options.interactive:
        parser.error("give --requests, --seconds or --interactive")
    asyncio.run(_run(options))


if __name__ == "__main__":
    main()

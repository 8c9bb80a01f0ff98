"""A load generator for a serving model, to be run as a process of its own.

`python -m benchmarks.load_generator --target HOST:PORT --playlists FILE` asks for continuations,
each worker one after the other, and prints a JSON object: requests, errors by code, throughput, and
latency percentiles in milliseconds. Requests are built beforehand, so that the clock sees the call
alone; the first `--warm-up` requests are not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import sys
import time
from collections.abc import Sequence

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import messages, playlist_input


def requests_of(
    model: str, playlists: Sequence[messages.Playlist]
) -> list[predict_pb2.PredictRequest]:
    """One request a playlist."""
    spec = messages.model_spec(model, None, None, messages.SERVING_DEFAULT)
    return [messages.playlists_request(spec, [playlist]) for playlist in playlists]


async def run(
    target: str,
    requests: Sequence[predict_pb2.PredictRequest],
    *,
    concurrency: int,
    count: int | None,
    seconds: float | None,
    warm_up: int,
) -> dict[str, object]:
    """Sends requests in turn from `concurrency` workers, `count` of them or for some seconds."""
    channel = grpc.aio.insecure_channel(
        target, options=[("grpc.max_receive_message_length", 64 * 2**20)]
    )
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    latencies: list[float] = []
    errors: collections.Counter[str] = collections.Counter()
    sent = 0

    async def work(until: float, limit: int, *, counted: bool) -> None:
        nonlocal sent
        while sent < limit and time.perf_counter() < until:
            request = requests[sent % len(requests)]
            sent += 1
            started = time.perf_counter()
            try:
                await stub.Predict(request, timeout=60)
            except grpc.RpcError as error:
                errors[error.code().name] += 1
            if counted:
                latencies.append(time.perf_counter() - started)

    async def all_workers(until: float, limit: int, *, counted: bool) -> None:
        await asyncio.gather(*(work(until, limit, counted=counted) for _ in range(concurrency)))

    await all_workers(float("inf"), warm_up, counted=False)
    started = time.perf_counter()
    until = started + seconds if seconds is not None else float("inf")
    limit = sent + count if count is not None else sys.maxsize
    await all_workers(until, limit, counted=True)
    elapsed = time.perf_counter() - started
    await channel.close()
    milliseconds = np.array(latencies) * 1000
    percentiles = {
        f"p{q}_ms": round(float(np.percentile(milliseconds, q)), 3) for q in (10, 50, 95, 99)
    }
    return {
        "concurrency": concurrency,
        "requests": len(latencies),
        "errors": dict(errors),
        "seconds": round(elapsed, 3),
        "per_second": round(len(latencies) / elapsed, 1),
        **(percentiles if latencies else {}),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, help="HOST:PORT")
    parser.add_argument("--playlists", required=True, help="file in MPD format")
    parser.add_argument("--model", default="segue")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--requests", type=int, help="how many to send")
    parser.add_argument("--seconds", type=float, help="or for how long")
    parser.add_argument("--warm-up", type=int, default=50)
    options = parser.parse_args(arguments)
    if options.requests is None and options.seconds is None:
        parser.error("give --requests or --seconds")
    playlists = playlist_input.read_mpd(options.playlists).playlists
    result = asyncio.run(
        run(
            options.target,
            requests_of(options.model, playlists),
            concurrency=options.concurrency,
            count=options.requests,
            seconds=options.seconds,
            warm_up=options.warm_up,
        )
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()

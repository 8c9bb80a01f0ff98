"""Asks for the label `stable` without a break, in a process of its own, and keeps every request.

`python -m benchmarks.swaps_load --target HOST:PORT --playlists FILE --output FILE` goes on until
its standard input ends and `--least` requests are sent. Each is tried once. What it writes is a
JSON list of [when it was sent, milliseconds, "" or what was wrong, version].
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import pathlib
import sys
import time

import grpc
from tensorflow_serving.apis import predict_pb2

from serving.client import ConnectionOptions, read_playlists
from serving.protocol import BadAnswerError, messages

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_TIMEOUT = 10.0


async def _run(options: argparse.Namespace) -> None:
    spec = messages.model_spec(options.model, label="stable")
    playlists = read_playlists(options.playlists).playlists
    data = [messages.playlists_request(spec, [each]).SerializeToString() for each in playlists]
    requests = itertools.cycle(data)
    channel = ConnectionOptions(attempts=1).open(options.target, grpc.aio)
    predict = channel.unary_unary(_PREDICT)
    stop = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    found: list[tuple[float, float, str, int]] = []

    async def work() -> None:
        while not stop.done() or len(found) < options.least:
            sent, started, wrong, version = time.time(), time.perf_counter(), "", 0
            try:
                answer = await predict(next(requests), timeout=_TIMEOUT)
                milliseconds = 1000 * (time.perf_counter() - started)
                response = predict_pb2.PredictResponse.FromString(answer)
                version = response.model_spec.version.value
                wrong = "" if messages.read_recommendations(response, 1, 1)[0] else "no track"
            except grpc.RpcError as error:
                milliseconds = 1000 * (time.perf_counter() - started)
                wrong = f"{error.code().name}: {error.details()}"
            except BadAnswerError as error:
                wrong = str(error)
            found.append((sent, milliseconds, wrong, version))
            await asyncio.sleep(options.pause)

    await asyncio.gather(*(work() for _ in range(options.concurrency)))
    await channel.close()
    pathlib.Path(options.output).write_text(json.dumps(found), encoding="utf-8")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, help="HOST:PORT")
    parser.add_argument("--playlists", required=True, help="file that segue query reads")
    parser.add_argument("--output", required=True, help="where the requests are written")
    parser.add_argument("--model", default="segue")
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds after each answer")
    parser.add_argument("--least", type=int, default=10_000, help="requests, at least")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()

"""What a gateway costs over the model call at concurrency 8, with a read of the embedded store.

`own machine`: the model server answers each call after a fixed time and takes no time of these
cores, as one on another machine does: the milliseconds of an answer less those of the call are what
the gateway costs, with whatever waits for it. `same cores`: the development server with a model of
170,000 tracks shares the cores with the gateway and the load, and is asked directly in turns with
the gateway, at the same concurrency and with the same requests; there a request through the gateway
also waits while others' processors are busy, so that the difference is more than the gateway's own.

No listener is at hand twice: each answer reads the store. The loads are processes of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, Final

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2

from benchmarks import gateway_world, harness, serving_model
from benchmarks.serving_server import Server
from schema.requests import string_tensor

_LISTENERS: Final = 2_000
_CONCURRENCY: Final = 8
_REQUESTS: Final = 800
_ROUNDS: Final = 5
_CALL_MS: Final = (20, 50)
_ANSWER: Final = 500  # tracks of the stand-in's answer

_GATEWAY: Final = """
import sys
from gateway import GatewayServer, load
with GatewayServer(load(sys.argv[1])) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


def measure() -> dict[str, Any]:
    """Makes a world, and runs the rounds."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        names = gateway_world.make(folder, serving_model.TRACKS, _LISTENERS)
        path = folder / "base" / "1"
        program = "import pathlib\nfrom benchmarks.serving_model import save_als as save\n"
        harness.run([sys.executable, "-c", f"{program}save(pathlib.Path({str(path)!r}))"])
        found: dict[str, Any] = {
            "tracks": serving_model.TRACKS,
            "listeners": _LISTENERS,
            "concurrency": _CONCURRENCY,
            "rounds": _ROUNDS,
            "load_before": round(os.getloadavg()[0], 1),
            "target": {"p50_ms_at_most": 3.0},
        }
        for milliseconds in _CALL_MS:
            with stand_in(milliseconds / 1000) as target:
                found[f"own machine, {milliseconds} ms"] = _over(folder, names, target)
        with Server(folder / "base") as server:
            found["same cores"] = _over(folder, names, server.target)
        found["load_after"] = round(os.getloadavg()[0], 1)
        return found


def _over(folder: pathlib.Path, names: list[str], target: str) -> dict[str, Any]:
    """An answer's milliseconds less the call's, which is timed in the same rounds."""
    with gateway(folder, target) as port, Load() as load:
        rounds = [_rounds(load, port, names, target) for _ in range(_ROUNDS + 1)][1:]
    return _middle(rounds)


def _rounds(load: Load, port: int, names: list[str], target: str) -> dict[str, float]:
    """One round: the gateway, and the model server asked directly."""
    through = load.run(port=port, listeners=names, surface="discover")
    directly = load.run(target=target, listeners=names)
    if through["failed"] or directly["failed"] or set(through["served_by"]) != {"model"}:
        raise SystemExit(f"not all were answered by the model: {through}, {directly}")
    return {
        **{f"gateway_{name}": through[name] for name in ("p50_ms", "p99_ms")},
        **{f"call_{name}": directly[name] for name in ("p50_ms", "p99_ms")},
        **{f"over_{name}": through[name] - directly[name] for name in ("p50_ms", "p99_ms")},
    }


def _middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(each[key] for each in rounds), 2) for key in rounds[0]}


@contextlib.contextmanager
def gateway(folder: pathlib.Path, target: str) -> Iterator[int]:
    """A gateway in a process of its own.

    Yields:
        Its port.
    """
    path = gateway_world.config(folder, target)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _GATEWAY, path],
        cwd=harness.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate()


class Load:
    """The load, in a process of its own, which waits for orders."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.gateway_load"],
            cwd=harness.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, **order: Any) -> dict[str, Any]:
        """Has requests sent, and gives what was measured."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order |= {"concurrency": _CONCURRENCY, "requests": _REQUESTS}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@contextlib.contextmanager
def stand_in(seconds: float) -> Iterator[str]:
    """A model server that answers everybody alike, after a while, with next to no work.

    Args:
        seconds: of a call.

    Yields:
        HOST:PORT.
    """
    response = _response().SerializeToString()
    started, ended = threading.Event(), threading.Event()
    target = ""

    async def predict(request: bytes, context: Any) -> bytes:
        del request, context
        await asyncio.sleep(seconds)
        return response

    async def serve() -> None:
        nonlocal target
        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(predict)
        service = "tensorflow.serving.PredictionService"
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {"Predict": handler}),)
        )
        target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        started.set()
        await asyncio.to_thread(ended.wait)
        await server.stop(None)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    started.wait()
    try:
        yield target
    finally:
        ended.set()
        thread.join()


def _response() -> predict_pb2.PredictResponse:
    chance = np.random.default_rng(0)
    places = chance.choice(serving_model.TRACKS, _ANSWER, replace=False).tolist()
    response = predict_pb2.PredictResponse()
    response.model_spec.version.value = 1
    uris = [serving_model.uri(place).encode() for place in places]
    response.outputs["track_uris"].CopyFrom(string_tensor(uris, [1, _ANSWER]))
    scores = response.outputs["scores"]
    scores.dtype = 1
    for size in (1, _ANSWER):
        scores.tensor_shape.dim.add().size = size
    scores.float_val.extend(float(_ANSWER - n) for n in range(_ANSWER))
    return response


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))

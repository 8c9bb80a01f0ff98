"""The development server against the model's own function in this process, on the same machine.

Two figures matter: at concurrency 1 the server's median latency over that of the function called
with the same playlists; at 32, with batching, its throughput over that of the function called with
full batches. The load generator is a process of its own, on the same cores.

Server and function take turns in short rounds, in both orders, with the same playlists and
TensorFlow's own choice of threads, so that whatever else the machine does falls on both; the
figures are medians over the rounds. CPU time depends less on what else is running:
`throughput_ratio_by_cpu` is what the ratio comes to where function, server and load generator share
cores that nothing else uses and that are never idle.

The models: `two_stage` is what the profile for the real sample pushes. `als` and `bare`, where all
but a matrix product and the best 500 is left out, are harder, because there is less to compare
with: what the server adds to a request is the same for all.
"""

from __future__ import annotations

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks import harness, serving_model
from benchmarks.serving_server import BATCHING, Server

_MODELS: Final = {
    "two_stage": serving_model.save_two_stage,
    "als": serving_model.save_als,
    "bare": serving_model.save_bare,
}
_BATCH: Final = 32
_ROUNDS: Final = 10
_ALONE: Final = 64  # requests of a round at concurrency 1
# And at 32: so many that beginning and end, where the server has less to do, hardly count.
_MANY: Final = 1024


def measure() -> dict[str, Any]:
    """Runs the rounds for each model."""
    figures: dict[str, Any] = {
        "tracks": serving_model.TRACKS,
        "rounds": _ROUNDS,
        "targets": {"latency_ratio_at_most": 1.3, "throughput_ratio_at_least": 0.8},
    }
    for name, save in _MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            figures[name] = _measure(pathlib.Path(folder), save)
    return figures


def _measure(folder: pathlib.Path, save: Any) -> dict[str, float]:
    # Not here: a process that has made a model holds more than one that has loaded it.
    path = folder / "base" / "1"
    program = f"import pathlib\nfrom benchmarks.serving_model import {save.__name__} as save\n"
    harness.run([sys.executable, "-c", f"{program}save(pathlib.Path({str(path)!r}))"])
    asked = serving_model.playlists()
    file = folder / "playlists.json"
    file.write_text(json.dumps({"playlists": asked}))
    parameters = folder / "batching.txt"
    parameters.write_text(BATCHING)
    with (
        Server(folder / "base") as plain,
        Server(folder / "base", parameters) as batching,
        _Load(plain.target, file) as one,
        _Load(batching.target, file) as many,
    ):
        local = _Local(path)
        rounds = []
        for number in range(_ROUNDS + 1):
            parts = [
                lambda: _function_alone(local, asked),
                lambda: _server_alone(one),
                lambda: _function_batches(local, asked),
                lambda: _server_many(batching, many),
            ]
            found: dict[str, float] = {}
            for part in parts if number % 2 else reversed(parts):
                found |= part()
            if number:  # the first round warms up
                rounds.append(_with_ratios(found))
    errors = sum(found.pop("errors") for found in rounds)
    middle = {key: round(statistics.median(r[key] for r in rounds), 3) for key in rounds[0]}
    return {**middle, "errors": errors}


def _function_alone(local: _Local, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    seconds = [local.seconds([playlist]) for playlist in asked[:_ALONE]]
    return {"function_p50_ms": statistics.median(seconds) * 1e3}


def _server_alone(load: _Load) -> dict[str, float]:
    result = load.run(concurrency=1, requests=_ALONE)
    return {
        "server_p50_ms": result["p50_ms"],
        "server_p99_ms": result["p99_ms"],
        "errors": sum(result["errors"].values()),
    }


def _function_batches(local: _Local, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    cpu = time.process_time()
    batches = [asked[i : i + _BATCH] for i in range(0, len(asked), _BATCH)]
    seconds = sum(local.seconds(batch) for batch in batches)
    cpu = time.process_time() - cpu
    return {
        "function_per_second": len(asked) / seconds,
        "function_cpu_ms": cpu / len(asked) * 1e3,
    }


def _server_many(server: Server, load: _Load) -> dict[str, float]:
    cpu = server.cpu_seconds()
    result = load.run(concurrency=_BATCH, requests=_MANY)
    cpu = server.cpu_seconds() - cpu
    return {
        "server_per_second": result["per_second"],
        "server_p50_ms_at_32": result["p50_ms"],
        "server_p99_ms_at_32": result["p99_ms"],
        "server_cpu_ms": cpu / _MANY * 1e3,
        "load_generator_cpu_ms": result["cpu_seconds"] / _MANY * 1e3,
        "errors_at_32": sum(result["errors"].values()),
    }


def _with_ratios(found: dict[str, float]) -> dict[str, float]:
    served = found["server_cpu_ms"] + found["load_generator_cpu_ms"]
    return {
        **found,
        "errors": found["errors"] + found["errors_at_32"],
        "latency_ratio": found["server_p50_ms"] / found["function_p50_ms"],
        "throughput_ratio": found["server_per_second"] / found["function_per_second"],
        "throughput_ratio_by_cpu": found["function_cpu_ms"] / served,
    }


class _Load:
    """The load generator, which waits for orders."""

    def __init__(self, target: str, playlists: pathlib.Path) -> None:
        command = [sys.executable, "-m", "benchmarks.load_generator", "--interactive"]
        self._process = subprocess.Popen(
            [*command, "--target", target, "--playlists", str(playlists)],
            cwd=harness.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> _Load:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its standard input, which ends it

    def run(self, **order: int) -> dict[str, Any]:
        """Has requests sent and returns what it measured."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class _Local:
    """The model's function in this process."""

    def __init__(self, path: pathlib.Path) -> None:
        import tensorflow as tf

        self._constant = tf.constant
        self._model = tf.saved_model.load(str(path))
        self._function = self._model.signatures["serving_default"]

    def seconds(self, playlists: Sequence[dict[str, Any]]) -> float:
        """How long these playlists take together, with their conversion to tensors and back."""
        width = max(len(playlist["tracks"]) for playlist in playlists)
        names = [playlist["name"] for playlist in playlists]
        uris = [
            [track["track_uri"] for track in playlist["tracks"]]
            + [""] * (width - len(playlist["tracks"]))
            for playlist in playlists
        ]
        started = time.perf_counter()
        outputs = self._function(name=self._constant(names), track_uris=self._constant(uris))
        for value in outputs.values():
            value.numpy()
        return time.perf_counter() - started

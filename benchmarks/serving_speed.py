"""The development server against the model's own function in this process, on the same machine.

Two figures matter: at concurrency 1 the server's median latency over that of the function called
with the same playlists; at 32, with batching, its throughput over that of the function called with
full batches. The load generator is a process of its own. Rounds alternate between the two, so that
whatever else the machine does falls on both; the figures are medians over the rounds.

The model is brute force over a catalogue of the size of the real sample's: lookups, one matrix
product, the best 500.
"""

from __future__ import annotations

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks import harness

_TRACKS: Final = 170_000
_FACTORS: Final = 128
_PLAYLISTS: Final = 256
_BATCH: Final = 32
_ROUNDS: Final = 5

BATCHING: Final = """
max_batch_size { value: 1000 }
enable_large_batch_splitting { value: true }
max_execution_batch_size { value: 32 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 100 }
num_batch_threads { value: 1 }
pad_variable_length_inputs: true
"""

_SERVER: Final = """
import sys
from serving.batch_options import read_batching_parameters
from serving.model_config import single_model_config
from serving.server import ModelServer, ServerOptions

batching = read_batching_parameters(sys.argv[2]) if len(sys.argv) > 2 else None
options = ServerOptions(port=0, batching=batching)
server = ModelServer(single_model_config("segue", sys.argv[1]), options)
server.start()
print(server.target, flush=True)
sys.stdin.read()
server.stop()
"""


def measure() -> dict[str, Any]:
    """Runs the rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        save_model(folder / "base" / "1")
        asked = playlists()
        file = folder / "playlists.json"
        file.write_text(json.dumps({"playlists": asked}))
        parameters = folder / "batching.txt"
        parameters.write_text(BATCHING)
        with Server(folder / "base") as plain, Server(folder / "base", parameters) as batching:
            local = _Local(folder / "base" / "1")
            rounds = [
                _round(local, plain.target, batching.target, asked, file) for _ in range(_ROUNDS)
            ]
    middle = {key: sorted(r[key] for r in rounds)[_ROUNDS // 2] for key in rounds[0]}
    return {
        "tracks": _TRACKS,
        "factors": _FACTORS,
        "rounds": _ROUNDS,
        **{key: round(value, 3) for key, value in middle.items()},
        "targets": {"latency_ratio_at_most": 1.3, "throughput_ratio_at_least": 0.8},
    }


def _round(
    local: _Local,
    plain: str,
    batching: str,
    playlists: Sequence[dict[str, Any]],
    file: pathlib.Path,
) -> dict[str, float]:
    alone = sorted(local.seconds([playlist]) for playlist in playlists)[len(playlists) // 2] * 1e3
    one = _load(plain, file, concurrency=1, requests=len(playlists))
    batches = [playlists[i : i + _BATCH] for i in range(0, len(playlists), _BATCH)]
    full = len(playlists) / sum(local.seconds(batch) for batch in batches)
    many = _load(batching, file, concurrency=_BATCH, requests=4 * len(playlists))
    return {
        "function_p50_ms": alone,
        "server_p50_ms": one["p50_ms"],
        "server_p99_ms": one["p99_ms"],
        "latency_ratio": one["p50_ms"] / alone,
        "function_per_second": full,
        "server_per_second": many["per_second"],
        "server_p50_ms_at_32": many["p50_ms"],
        "server_p99_ms_at_32": many["p99_ms"],
        "throughput_ratio": many["per_second"] / full,
        "errors": sum(one["errors"].values()) + sum(many["errors"].values()),
    }


def _load(target: str, file: pathlib.Path, *, concurrency: int, requests: int) -> dict[str, Any]:
    arguments = {
        "--target": target,
        "--playlists": str(file),
        "--concurrency": str(concurrency),
        "--requests": str(requests),
    }
    command = [sys.executable, "-m", "benchmarks.load_generator"]
    for pair in arguments.items():
        command.extend(pair)
    finished = harness.run(command, TF_CPP_MIN_LOG_LEVEL="3")
    return json.loads(finished.output.splitlines()[-1])


class Server:
    """The development server, in a process of its own."""

    def __init__(self, base: pathlib.Path, parameters: pathlib.Path | None = None) -> None:
        arguments = [str(base), *([str(parameters)] if parameters else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *arguments],
            cwd=harness.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.target = ""

    @property
    def pid(self) -> int:
        """The process, for its memory to be looked at."""
        return self._process.pid

    def __enter__(self) -> Server:
        assert self._process.stdout is not None
        self.target = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its standard input, which ends it


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


def _uri(index: int) -> str:
    return f"spotify:track:{index:022d}"


def playlists() -> list[dict[str, Any]]:
    """Playlists of 1 to 100 tracks to ask about, in MPD format."""
    choose = random.Random(0)
    return [
        {
            "pid": pid,
            "name": f"playlist {pid}",
            "tracks": [
                {"track_uri": _uri(choose.randrange(_TRACKS))}
                for _ in range(choose.choice([1, 5, 10, 25, 100]))
            ],
        }
        for pid in range(_PLAYLISTS)
    ]


def save_model(path: pathlib.Path) -> None:
    """Saves a brute-force model of the real sample's size."""
    import numpy as np
    import tensorflow as tf

    class BruteForce(tf.Module):
        """Scores by the product of the seeds' sum with every track's factors."""

        def __init__(self) -> None:
            super().__init__()
            factors = np.random.default_rng(0).normal(size=(_TRACKS, _FACTORS))
            self.factors = tf.Variable(factors.astype(np.float32), trainable=False)
            self.uris = tf.Variable([_uri(i) for i in range(_TRACKS)], trainable=False)
            self.ids = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    [_uri(i) for i in range(_TRACKS)], tf.range(_TRACKS, dtype=tf.int64)
                ),
                -1,
            )

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, "name"),
                tf.TensorSpec([None, None], tf.string, "track_uris"),
            ]
        )
        def recommend(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
            """The best 500 tracks of each row."""
            del name
            ids = self.ids.lookup(track_uris)
            known = tf.cast(ids >= 0, tf.float32)[..., None]
            query = tf.reduce_sum(tf.gather(self.factors, tf.maximum(ids, 0)) * known, axis=1)
            scores = tf.matmul(query, self.factors, transpose_b=True)
            best, at = tf.math.top_k(scores, 500)
            return {"track_uris": tf.gather(self.uris, at), "scores": best}

    model = BruteForce()
    tf.saved_model.save(model, str(path), signatures={"serving_default": model.recommend})

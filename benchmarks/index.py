"""The index beside brute force: recall and time per query, at several numbers of probes.

Brute force is one query times all vectors, then the best 500, in the same TensorFlow and the same
process; both take turns, so that other work on the machine slows both down. Times are medians of
queries asked one after the other. `benchmarks/index_vectors.py` says how vectors are made.

`python -m benchmarks.index KIND TRACKS` measures one case of any size, and prints it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

import numpy as np

from benchmarks import harness, index_vectors

# The hard kinds of vectors are measured at one size only: the big one takes minutes each.
_CASES: Final = (
    ("clustered", 171_000),
    ("blurred", 171_000),
    ("gaussian", 171_000),
    ("clustered", 2_300_000),
)
_PROBES: Final = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
_QUERIES: Final = 200
# Brute force takes its turn after so many queries to the index.
_TURN: Final = 8
_COUNT: Final = 500
_TARGET: Final = 0.95
_SEED: Final = 3


def measure() -> dict[str, Any]:
    """Runs the worker below for each kind and number of vectors."""
    figures: dict[str, Any] = {"queries": _QUERIES}
    for kind, tracks in _CASES:
        finished = harness.run([sys.executable, "-m", "benchmarks.index", kind, str(tracks)])
        worker = json.loads(finished.output.splitlines()[-1])
        figures[f"{kind} {tracks}"] = {"peak_gib": round(finished.peak_gib, 2), **worker}
    return figures


def _worker(kind: str, tracks: int) -> dict[str, Any]:
    import tensorflow as tf

    from models.export.index.partitions import default_count, partition
    from models.export.index.search import PartitionedIndex

    vectors, queries = index_vectors.MAKERS[kind](tracks, _QUERIES, _SEED)
    best = _best_scores(vectors, queries)
    started = time.monotonic(), time.process_time()
    partitions = partition(vectors, default_count(tracks), _SEED)
    built = time.monotonic() - started[0], time.process_time() - started[1]
    index = PartitionedIndex(vectors, partitions, probes=1, shortlist=1000)
    transposed = tf.Variable(np.ascontiguousarray(vectors.T), trainable=False)
    sizes = np.diff(partitions.splits)
    vector = tf.TensorSpec([index_vectors.DIMENSIONS], tf.float32)

    @tf.function(input_signature=[vector], autograph=False)
    def brute_force(query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.math.top_k(tf.matmul(query[tf.newaxis], transposed), _COUNT)

    rows = []
    for probes in (probes for probes in _PROBES if probes <= len(partitions)):
        index.probes = probes

        @tf.function(input_signature=[vector], autograph=False)
        def search(query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return index.search(query, tf.zeros([0], tf.int64), _COUNT)

        seconds: dict[Any, list[float]] = {search: [], brute_force: []}
        recalls = []
        for number, query in enumerate(queries):
            turns = [search, brute_force] if number % _TURN == 0 else [search]
            for function in turns:
                if not seconds[function]:
                    function(tf.constant(query))  # Builds the graph.
                start = time.perf_counter()
                ids = function(tf.constant(query))[1].numpy()
                seconds[function].append(time.perf_counter() - start)
                if function is search:
                    recalls.append(_recalls(vectors[ids] @ query, best[number]))
        looked = np.argsort(-partitions.promise(queries), axis=1)[:, :probes]
        fast, slow = (float(np.median(seconds[f])) for f in (search, brute_force))
        recall = np.mean(recalls, axis=0)
        rows.append(
            {
                "probes": probes,
                "scanned_share": round(float(sizes[looked].sum(axis=1).mean() / tracks), 5),
                "recall@100": round(float(recall[0]), 4),
                "recall@500": round(float(recall[1]), 4),
                "index_ms": round(1000 * fast, 3),
                "brute_force_ms": round(1000 * slow, 3),
                "index_to_brute_force": round(fast / slow, 4),
            }
        )
    reached = [row for row in rows if row["recall@100"] >= _TARGET]
    return {
        "partitions": len(partitions),
        "build_seconds": round(built[0], 1),
        "build_cpu_seconds": round(built[1], 1),
        "at_recall_0.95": reached[0] if reached else None,
        "by_probes": rows,
    }


def _best_scores(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The best scores of each query, float32 [Q, 500], highest first."""
    best = np.full((len(queries), 0), -np.inf, np.float32)
    step = 1 << 16
    for start in range(0, len(vectors), step):
        best = np.concatenate([best, queries @ vectors[start : start + step].T], axis=1)
        if best.shape[1] > _COUNT:
            best = -np.partition(-best, _COUNT - 1, axis=1)[:, :_COUNT]
    return -np.sort(-best, axis=1)


def _recalls(found: np.ndarray, best: np.ndarray) -> tuple[float, float]:
    """Shares of the best 100 and the best 500 that were found; ties are as good."""
    slack = 1e-5 * np.abs(best[0])
    shares = [np.mean(found[:depth] >= best[depth - 1] - slack) for depth in (100, _COUNT)]
    return float(shares[0]), float(shares[1])


if __name__ == "__main__":
    print(json.dumps(_worker(sys.argv[1], int(sys.argv[2]))))

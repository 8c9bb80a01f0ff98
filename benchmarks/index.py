"""The index beside brute force, both as a server runs them: what is found, and how long it takes.

Queries come alone, and 16 in a batch as TensorFlow Serving's batching gives them; alone also with
`rows_per_step` 1, which spares brute force the padding to eight. Both answer the same requests in
one process, some requests each in turn, so that other work on the machine slows both down, and a
request mostly finds the processor's caches as one of its own kind left them, as in a server, which
runs one of both. CPU time is reported beside wall time, and ratios are medians over turns. Half of
the queries choose how many partitions are looked into, more where the others need more, and recall
is measured on the others.

On the real sample that is the whole exported function of ALS and of the towers, lookups, titles
and names included. Made-up vectors (`benchmarks/index_vectors.py`) are searched by what the
function does for a query's vector: the scores, seeds left out, the best 500.

`python -m benchmarks.index KIND TRACKS` measures one case of made-up vectors, and prints it;
`python -m benchmarks.index FAMILY` one of real ones.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks import harness, index_vectors

if TYPE_CHECKING:
    from models.contract import DotProductScorer, Query
    from models.export.retrieval import Retriever

_FAMILIES: Final = ("als", "two_tower")
_CASES: Final = (
    ("clustered", 171_000),
    ("gaussian", 171_000),
    ("resampled", 500_000),
    ("resampled", 1_000_000),
    ("clustered", 2_300_000),
    ("resampled", 2_300_000),
)
_QUERIES: Final = 400
_COUNT: Final = 500
_SEED: Final = 3
# As `export.rows_per_step` is by default.
_ROWS_PER_STEP: Final = 8
# Queries in a request, rows per step, and how many requests take a turn.
_REQUESTS: Final = {
    "single": (1, _ROWS_PER_STEP, 10),
    "single_unpadded": (1, 1, 10),
    "batch_of_2": (2, _ROWS_PER_STEP, 5),
    "batch_of_4": (4, _ROWS_PER_STEP, 5),
    "batch_of_16": (16, _ROWS_PER_STEP, 3),
}
_TURNS: Final = 12

_Ask = Callable[[Sequence[int]], object]


def measure() -> dict[str, Any]:
    """Runs a process for each case; those that need the real sample only where it is there."""
    cases: list[tuple[str, ...]] = [(kind, str(tracks)) for kind, tracks in _CASES]
    cases += [(family,) for family in _FAMILIES]
    figures: dict[str, Any] = {}
    for case in cases:
        if not harness.REAL_DATA.exists() and case[0] in ("resampled", *_FAMILIES):
            continue
        finished = harness.run([sys.executable, "-m", "benchmarks.index", *case])
        worker = json.loads(finished.output.splitlines()[-1])
        figures[" ".join(case)] = {"peak_gib": round(finished.peak_gib, 2), **worker}
    return figures


def _made_up(kind: str, tracks: int) -> dict[str, Any]:
    import tensorflow as tf

    from benchmarks.index_scorer import Asked
    from models.export.retrieval import BruteForce

    vectors, queries = index_vectors.MAKERS[kind](tracks, _QUERIES, _SEED)
    scorer = Asked(vectors, queries)
    del vectors
    retriever, figures = _built(scorer, scorer.ask(range(len(queries))))

    def asking(retriever: Retriever, size: int) -> _Ask:
        @tf.function(
            input_signature=[tf.TensorSpec([size], tf.int64), tf.TensorSpec([], tf.int32)],
            autograph=False,
        )
        def step(numbers: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return retriever.best(scorer.ask(numbers), rows, _COUNT)

        # Called as directly as Python can, since servers do not call through Python.
        step_once = step.get_concrete_function()

        def ask(numbers: Sequence[int]) -> None:
            for start in range(0, len(numbers), size):
                part = list(numbers[start : start + size])
                filled = part + [0] * (size - len(part))
                step_once(tf.constant(filled, tf.int64), tf.constant(len(part)))

        return ask

    numbers = range(1, len(queries), 2)
    retrievers = (BruteForce(scorer), retriever)
    return {
        **figures,
        **_timed(lambda size: [asking(found, size) for found in retrievers], numbers),
    }


def _real(family: str) -> dict[str, Any]:
    import tensorflow as tf

    from benchmarks import held_out
    from models import families
    from models.export.queries import QueryBuilder
    from models.export.recommender import Recommender

    held = held_out.load(held_out.REAL)
    fitted = families.family(family)
    params = fitted.params(held_out.profile("models", family))
    with tempfile.TemporaryDirectory() as work:
        scorer = fitted.fit(held.data, params, 0, work).scorer
    names, tracks = held_out.shown(held)
    with tempfile.TemporaryDirectory() as assets:
        builder = QueryBuilder(held.vocabularies, held.data.catalogue.artist_ids, assets)
        query = held_out.queries(held)
        retriever, figures = _built(scorer, query)
        models = {
            size: [
                Recommender(scorer, held.data.catalogue, builder, size, found)
                for found in (None, retriever)
            ]
            for _, size, _ in _REQUESTS.values()
        }
    suited = np.flatnonzero(query.track_ids.row_lengths().numpy())

    def asking(model: Recommender) -> _Ask:
        function = model.serving_default.get_concrete_function()

        def ask(numbers: Sequence[int]) -> None:
            function(tf.gather(names, numbers), tf.gather(tracks, numbers))

        return ask

    return {
        "tracks": len(held.data.catalogue),
        **figures,
        **_timed(lambda size: [asking(model) for model in models[size]], suited.tolist()),
    }


def _built(scorer: DotProductScorer, query: Query) -> tuple[Retriever, dict[str, Any]]:
    """An index with the default configuration, and what was measured when it was built."""
    from models.export.index.build import build
    from models.export.index.options import IndexOptions

    started = time.monotonic(), time.process_time()
    options = IndexOptions(kind="partitioned", on_low_recall="brute_force")
    retriever, facts = build(scorer, options, query, _COUNT, _SEED, rows_per_step=_ROWS_PER_STEP)
    return retriever, {
        "build_seconds": round(time.monotonic() - started[0], 1),
        "build_cpu_seconds": round(time.process_time() - started[1], 1),
        **facts,
    }


def _timed(asking: Callable[[int], list[_Ask]], numbers: Sequence[int]) -> dict[str, Any]:
    """Has both answer the same requests, some of them each in turn.

    Args:
        asking: brute force and the index, with so many rows per step.
        numbers: of the queries to ask.

    Returns:
        For each kind of request milliseconds of both, medians of turns: wall and CPU time; and
        the medians over turns of what the index takes for one that brute force takes.
    """
    figures: dict[str, dict[str, float]] = {}
    for kind, (size, rows_per_step, requests) in _REQUESTS.items():
        brute_force, index = asking(rows_per_step)
        spent: dict[_Ask, list[tuple[float, float]]] = {brute_force: [], index: []}
        for turn in range(-1, _TURNS):
            first = turn * requests * size
            asked = [
                [
                    int(numbers[(first + request * size + place) % len(numbers)])
                    for place in range(size)
                ]
                for request in range(requests)
            ]
            for ask, times in spent.items():
                started = time.perf_counter(), time.process_time()
                for request in asked:
                    ask(request)
                ended = time.perf_counter(), time.process_time()
                if turn >= 0:  # The one before builds graphs.
                    times.append(
                        ((ended[0] - started[0]) / requests, (ended[1] - started[1]) / requests)
                    )
        figures[kind] = {}
        for which, unit in enumerate(("wall", "cpu")):
            slow, fast = ([times[which] for times in spent[ask]] for ask in (brute_force, index))
            figures[kind] |= {
                f"brute_force_{unit}_ms": round(1000 * statistics.median(slow), 2),
                f"index_{unit}_ms": round(1000 * statistics.median(fast), 2),
                f"{unit}_ratio": round(
                    statistics.median(few / many for few, many in zip(fast, slow, strict=True)), 3
                ),
            }
    return figures


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(_made_up(sys.argv[1], int(sys.argv[2]))))
    else:
        print(json.dumps(_real(sys.argv[1])))

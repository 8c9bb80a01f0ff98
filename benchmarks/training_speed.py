"""two_tower's training beside implicit's ALS with as many factors, on the same playlists.

Both take turns in one process, so that other work on the machine slows both down, and CPU time is
reported beside wall time. ALS is the bare library, with the iterations that two_tower's start has.
Then a gradient step, beside a bare loop of the matrix products that it cannot do without: queries
times candidates, and the two that turn the softmax's gradient into those of queries and candidates.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from benchmarks import ablation, harness, held_out
from models.contract import TrainingData
from models.families.two_tower.params import Params

_ROUNDS: Final = 3
_STEPS: Final = 6
_SEED: Final = 1


def measure() -> dict[str, Any]:
    """Runs the worker below, in a process of its own."""
    finished = harness.run([sys.executable, "-m", "benchmarks.training_speed"])
    return {
        "peak_gib": round(finished.peak_gib, 2),
        **json.loads(finished.output.splitlines()[-1]),
    }


def _worker() -> dict[str, Any]:
    from models import families

    playlists = held_out.load(held_out.default_name())
    data = playlists.data
    family = families.family("two_tower")
    profile = ablation.merged(held_out.profile("models", "two_tower"), {"factors": 192})
    closed_form = Params(**ablation.merged(profile, {"epochs": 0}))
    gradient = Params(**ablation.merged(profile, {"epochs": 2}))
    sampled = Params(**ablation.merged(profile, {"epochs": 2, "full_softmax_max_tracks": 0}))

    def fit(params: Params) -> Callable[[], None]:
        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                family.fit(data, params, _SEED, folder)

        return run

    contenders = {
        "als": lambda: _als(data, closed_form),
        "closed_form": fit(closed_form),
        "gradient": fit(gradient),
        "gradient_sampled": fit(sampled),
    }
    seconds = take_turns(contenders, _ROUNDS)
    return {
        "playlists": len(data.train),
        "of": playlists.name,
        "tracks": len(data.catalogue),
        "factors": closed_form.factors,
        "als_iterations": closed_form.start.iterations,
        "epochs_of_gradient": gradient.epochs,
        **compared(seconds, "als"),
        "step": _steps(data, gradient),
        "step_sampled": _steps(data, sampled),
    }


def take_turns(
    contenders: dict[str, Callable[[], Any]], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Runs one after the other, round by round.

    Returns:
        Wall and CPU seconds of each round, by name.
    """
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            started = time.perf_counter(), time.process_time()
            run()
            spent[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return spent


def compared(spent: dict[str, list[tuple[float, float]]], reference: str) -> dict[str, Any]:
    """Medians over rounds, and the median of each round's ratio to the reference.

    Args:
        spent: wall and CPU seconds by name, as many rounds each.
        reference: one of the names.
    """
    result: dict[str, Any] = {}
    for name, rounds in spent.items():
        figures: dict[str, Any] = {}
        for kind, label in enumerate(("seconds", "cpu_seconds")):
            times = [round_[kind] for round_ in rounds]
            figures[label] = round(statistics.median(times), 2)
            if name != reference:
                ratios = [
                    mine / other[kind] for mine, other in zip(times, spent[reference], strict=True)
                ]
                figures[f"{label}_to_{reference}"] = round(statistics.median(ratios), 2)
        result[name] = figures
    return result


def _als(data: TrainingData, params: Params) -> None:
    import threadpoolctl
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpoolctl.threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=params.factors,
            regularization=params.start.regularization,
            alpha=params.start.alpha,
            iterations=params.start.iterations,
            random_state=_SEED,
        )
        model.fit(data.train.track_ids.to_csr(len(data.catalogue)), show_progress=False)


def _steps(data: TrainingData, params: Params) -> dict[str, float]:
    """Examples per second of gradient steps, and of the bare products, in turns."""
    from models.families.two_tower.network import TwoTower
    from models.families.two_tower.seeds import training_batches
    from models.families.two_tower.start import prepare_start
    from models.families.two_tower.training import optimizer_for

    # The start does not matter to a step's time, and one iteration is made soonest.
    quick = params.model_copy(
        update={"start": params.start.model_copy(update={"iterations": 1}), "temperature": 1.0}
    )
    network = TwoTower(prepare_start(data, quick, _SEED), data, quick, _SEED)
    network.compile(optimizer=optimizer_for(quick, _STEPS))
    batches = list(training_batches(data.train, quick, _SEED).take(_STEPS))
    generator = np.random.default_rng(_SEED)
    width = min(quick.negatives, len(data.catalogue)) if network.task.sampled else None
    queries = tf.constant(
        generator.standard_normal((quick.batch_size, quick.factors), dtype=np.float32)
    )
    candidates = tf.constant(
        generator.standard_normal((width or len(data.catalogue), quick.factors), dtype=np.float32)
    )

    @tf.function
    def products() -> tuple[tf.Tensor, tf.Tensor]:
        logits = tf.matmul(queries, candidates, transpose_b=True)
        return tf.matmul(logits, candidates), tf.matmul(logits, queries, transpose_a=True)

    @tf.function(reduce_retracing=True)
    def step(cut: Any) -> dict[str, tf.Tensor]:
        return network.train_step(cut)

    spent: dict[str, list[float]] = {"steps": [], "products": []}
    for number, cut in enumerate([batches[0], *batches]):
        for name, run in (("steps", lambda cut=cut: step(cut)), ("products", products)):
            started = time.perf_counter()
            tf.nest.map_structure(lambda tensor: tensor.numpy(), run())
            if number:  # The first builds the graph.
                spent[name].append(time.perf_counter() - started)
    rates = {name: quick.batch_size / statistics.median(seconds) for name, seconds in spent.items()}
    return {
        "examples_per_second": round(rates["steps"], 1),
        "bare_examples_per_second": round(rates["products"], 1),
        "share_of_bare": round(rates["steps"] / rates["products"], 3),
    }


if __name__ == "__main__":
    print(json.dumps(_worker()))

"""Evaluation of ALS on held-out playlists, beside the bare product that it cannot do without.

What Significance runs for a model, from held-out files to rows of metrics, is timed in one process
with NumPy's `Q @ C.T` and argpartition over vectors of the same number and length. Scoring has a
part that is the same for any number of playlists, loading the model above all, so two numbers are
scored, and the difference is what a playlist takes. All take turns, as other work on the machine
slows them down alike, and CPU time is reported beside wall time.

`python -m benchmarks.evaluation_speed CASE` measures one case and prints it.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks import harness

if TYPE_CHECKING:
    from tfx.types import Artifact

    from benchmarks.evaluation_cases import Case

#: Real playlists, and catalogues made up, by their number of tracks.
CASES: Final = ("mpd-sample", "60000", "500000")

_PLAYLISTS: Final = (2_000, 10_000)
_BARE_PLAYLISTS: Final = 4_096
# What scoring has, and what is quickest for NumPy here.
_BATCHES: Final = (256, 64)
_COUNT: Final = 500
_ROUNDS: Final = 2
_EVALUATOR_PLAYLISTS: Final = (250, 1_250)

_Spent = dict[str, list[tuple[float, float]]]


def measure() -> dict[str, Any]:
    """Runs a process for each case, the real one where its playlists are."""
    figures: dict[str, Any] = {}
    for case in CASES:
        if case == "mpd-sample" and not harness.REAL_DATA.exists():
            continue
        finished = harness.run([sys.executable, "-m", "benchmarks.evaluation_speed", case])
        figures[case] = {
            "peak_gib": round(finished.peak_gib, 2),
            **json.loads(finished.output.splitlines()[-1]),
        }
    return figures


def per_playlist(
    spent: _Spent, few: tuple[str, int], many: tuple[str, int], kind: int
) -> list[float]:
    """Milliseconds that a playlist more takes, round by round.

    Args:
        spent: wall and CPU seconds of each round, by contender.
        few: a contender, and its number of playlists.
        many: the same with more of them.
        kind: 0 for wall time, 1 for CPU time.
    """
    return [
        (last[kind] - first[kind]) * 1000 / (many[1] - few[1])
        for first, last in zip(spent[few[0]], spent[many[0]], strict=True)
    ]


def figures_of(spent: _Spent, playlists: tuple[int, int], bare: int) -> dict[str, Any]:
    """Medians over rounds; ratios are those of bare to scoring, above 1 where scoring is quicker.

    Args:
        spent: wall and CPU seconds of "few", "many" and of "bare N" in batches of N.
        playlists: how many "few" and "many" have.
        bare: how many each "bare N" has.
    """
    result: dict[str, Any] = {}
    for kind, label in enumerate(("wall", "cpu")):
        ours = per_playlist(spent, ("few", playlists[0]), ("many", playlists[1]), kind)
        fixed = [
            few[kind] - each * playlists[0] / 1000
            for few, each in zip(spent["few"], ours, strict=True)
        ]
        result[label] = {
            "ms_a_playlist": round(statistics.median(ours), 3),
            "fixed_seconds": round(statistics.median(fixed), 1),
        }
        for name, rounds in spent.items():
            if name.startswith("bare"):
                each = [seconds[kind] * 1000 / bare for seconds in rounds]
                ratios = [b / o for b, o in zip(each, ours, strict=True)]
                result[label][name] = {
                    "ms_a_playlist": round(statistics.median(each), 3),
                    "ratio": round(statistics.median(ratios), 2),
                }
    return result


def _worker(name: str) -> dict[str, Any]:
    from benchmarks import evaluation_cases, training_speed

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        case = evaluation_cases.make(name, root)
        held = {count: _held_out(case, root, count) for count in _PLAYLISTS}
        contenders: dict[str, Callable[[], None]] = {
            "few": lambda: _score(case, held[_PLAYLISTS[0]], root),
            **{f"bare {batch}": _bare(case, batch) for batch in _BATCHES},
            "many": lambda: _score(case, held[_PLAYLISTS[1]], root),
        }
        contenders["few"]()  # What is imported and traced once is not measured.
        spent = training_speed.take_turns(contenders, _ROUNDS)
        result = {
            "tracks": case.tracks,
            "factors": case.factors,
            "playlists": list(_PLAYLISTS),
            **figures_of(spent, _PLAYLISTS, _BARE_PLAYLISTS),
            "parts": _parts(case, held[_PLAYLISTS[0]]),
        }
        if name == evaluation_cases.REAL:
            result["evaluator"] = _evaluator(case, root)
    return result


def _held_out(case: Case, root: pathlib.Path, count: int) -> Artifact:
    from tfx.types import standard_artifacts

    examples = standard_artifacts.Examples()
    examples.uri = str(root / f"examples-{count}")
    examples.split_names = '["eval"]'
    case.hold_out(root / f"examples-{count}" / "Split-eval", count)
    return examples


def _score(case: Case, examples: Artifact, root: pathlib.Path) -> None:
    """Writes rows of metrics and reads them, as Significance does for each of its models."""
    from components.significance import executor

    output = str(root / "scores")
    executor.Executor().score_model("als", case.model, examples, output)
    rows, _ = executor.read_scores(output)
    assert len(rows) == int(examples.uri.rpartition("-")[2])
    shutil.rmtree(output)


def _bare(case: Case, batch: int) -> Callable[[], None]:
    """`Q @ C.T` and the best 500 in order, in NumPy."""
    generator = np.random.default_rng(0)
    candidates = generator.standard_normal((case.tracks, case.factors), dtype=np.float32)
    queries = generator.standard_normal((_BARE_PLAYLISTS, case.factors), dtype=np.float32)

    def run() -> None:
        for begin in range(0, len(queries), batch):
            scores = queries[begin : begin + batch] @ candidates.T
            best = np.argpartition(scores, -_COUNT, axis=1)[:, -_COUNT:]
            order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
            np.take_along_axis(best, order, axis=1)

    return run


def _parts(case: Case, examples: Artifact) -> dict[str, float]:
    """CPU milliseconds a playlist of the exported function, and of all that makes rows of it."""
    import tensorflow as tf

    from benchmarks import training_speed
    from components.significance.scoring import ModelScorer
    from schema.signatures import SERVING_EXAMPLES

    files = f"{examples.uri}/Split-eval/*"
    records = tf.data.TFRecordDataset(tf.io.gfile.glob(files), "GZIP").batch(_BATCHES[0])
    batches = [batch.numpy().tolist() for batch in records]
    scorer = ModelScorer(case.model)
    function = tf.saved_model.load(case.model).signatures[SERVING_EXAMPLES]

    def recommend() -> None:
        for batch in batches:
            function(examples=tf.constant(batch))["track_uris"].numpy()

    def score() -> None:
        for batch in batches:
            scorer.score(batch)

    # So that nothing is traced while it is timed.
    recommend()
    scorer.score(batches[0])
    # One round, as a scorer asks the model about a track once.
    spent = training_speed.take_turns({"function": recommend, "function_and_rows": score}, 1)
    count = sum(map(len, batches))
    return {f"{name}_cpu_ms": round(cpu * 1000 / count, 3) for name, ((_, cpu),) in spent.items()}


def _evaluator(case: Case, root: pathlib.Path) -> dict[str, float]:
    """What TFX's Evaluator takes for a playlist and model: a pass of its own, through TFMA."""
    from google.protobuf import json_format
    from tfx.components.evaluator import executor
    from tfx.types import standard_artifacts

    from benchmarks import training_speed
    from components.evaluator.config import eval_config
    from components.evaluator.options import EvaluatorOptions

    config = json_format.MessageToJson(
        eval_config(EvaluatorOptions(), ""), preserving_proto_field_name=True
    )
    model = standard_artifacts.Model()
    model.uri = str(root / "model")

    def run(examples: Artifact) -> None:
        evaluation = standard_artifacts.ModelEvaluation()
        blessing = standard_artifacts.ModelBlessing()
        evaluation.uri, blessing.uri = str(root / "evaluation"), str(root / "blessing")
        executor.Executor().Do(
            {"examples": [examples], "model": [model]},
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": config,
                "example_splits": '["eval"]',
                "fairness_indicator_thresholds": "null",
            },
        )
        shutil.rmtree(evaluation.uri)

    few, many = (_held_out(case, root, count) for count in _EVALUATOR_PLAYLISTS)
    run(few)  # What is imported once is not measured.
    spent = training_speed.take_turns({"few": lambda: run(few), "many": lambda: run(many)}, 1)
    ends = tuple(zip(("few", "many"), _EVALUATOR_PLAYLISTS, strict=True))
    return {
        f"{label}_ms_a_playlist": round(per_playlist(spent, *ends, kind)[0], 2)
        for kind, label in enumerate(("wall", "cpu"))
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_worker(sys.argv[1])) + "\n")

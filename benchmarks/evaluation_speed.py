"""Evaluation on held-out playlists, beside the bare matrix product that it cannot do without.

Scores about 1,100 held-out playlists of the real sample with five models, tests every difference
and writes the report, in a process of its own, with all of them and with a quarter of them: memory
must not grow with the number of playlists.
"""

from __future__ import annotations

import glob
import json
import pathlib
import sys
import tempfile
import time
from typing import Any, Final

from benchmarks import harness, mpd_sample_run

_PLAYLISTS: Final = 1114
_MODELS: Final = ("two_tower", "als", "item_knn", "popularity")
_BATCH: Final = 256


def measure() -> dict[str, Any] | None:
    """Runs the worker below, twice."""
    out = mpd_sample_run.out_directory()
    if out is None:
        return None
    figures: dict[str, Any] = {"models": len(_MODELS) + 1}
    for name, playlists in (("all", _PLAYLISTS), ("quarter", _PLAYLISTS // 4)):
        finished = harness.run(
            [sys.executable, "-m", "benchmarks.evaluation_speed", str(out), str(playlists)]
        )
        worker = json.loads(finished.output.splitlines()[-1])
        figures[name] = {
            "playlists": playlists,
            "seconds": round(finished.seconds, 1),
            "cpu_seconds": round(finished.cpu_seconds, 1),
            "peak_gib": round(finished.peak_gib, 2),
            **worker,
        }
    return figures


def _worker(out: pathlib.Path, playlists: int) -> dict[str, Any]:
    import pandas as pd
    from tfx.types import standard_artifacts

    from components.significance import executor, judgement, results
    from evaluation.gate_config import GateConfig
    from report.build import build_report
    from schema.model_card import ModelCard

    models = {name: _model(out, f"Trainer.{name}") for name in _MODELS}
    models[results.SERVED] = models["als"]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        examples = standard_artifacts.Examples()
        examples.uri = str(root / "examples")
        examples.split_names = '["eval"]'
        _hold_out(out, root / "examples" / "Split-eval", playlists)
        started = time.monotonic()
        scorer = executor.Executor()
        for name, model in models.items():
            scorer.score_model(name, model, examples, folder)
        rows, coverage = executor.read_scores(folder)
        scored = time.monotonic()
        judged = judgement.judge(
            rows,
            candidate="two_tower",
            served=results.SERVED,
            gate=GateConfig(),
            coverage=coverage,
            cards={name: ModelCard.read(model) for name, model in models.items()},
            seed=1,
        )
        tested = time.monotonic()
        (root / "metrics.json").write_text(judged.to_json(), encoding="utf-8")
        build_report(root)
        reported = time.monotonic()
        assert isinstance(rows, pd.DataFrame)
        assert len(rows) == playlists * len(models)
    bare = _bare_product(models["als"], playlists)
    return {
        "scoring_seconds": round(scored - started, 1),
        "testing_seconds": round(tested - scored, 1),
        "report_seconds": round(reported - tested, 1),
        "playlists_per_second_a_model": round(playlists * len(models) / (scored - started), 1),
        "bare_numpy_playlists_per_second": round(playlists / bare, 1),
    }


def _model(out: pathlib.Path, component: str) -> str:
    found = glob.glob(f"{out}/pipeline_root/{component}/model/*/Format-Serving")
    return max(found, key=lambda path: int(pathlib.Path(path).parent.name))


def _hold_out(out: pathlib.Path, folder: pathlib.Path, playlists: int) -> None:
    """Withholds tracks of that many playlists, of whichever split: only speed matters here."""
    import itertools

    import tensorflow as tf

    from components.holdout import examples

    folder.mkdir(parents=True)
    files = sorted(glob.glob(f"{out}/tfrecords/playlists-*.gz"))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    with tf.io.TFRecordWriter(str(folder / "data_tfrecord-0.gz"), "GZIP") as writer:
        for record in itertools.islice(records, playlists):
            held_out = examples.hold_out(tf.train.Example.FromString(record), seed=1)
            assert held_out is not None
            writer.write(examples.add_train_counts(held_out, {}).SerializeToString())


def _bare_product(model: str, playlists: int) -> float:
    """Seconds of `Q @ C.T` and argpartition over vectors of the same shape, in NumPy."""
    import numpy as np

    from schema.model_card import ModelCard

    card = ModelCard.read(model)
    assert card.params is not None
    shape = card.catalogue_size, card.params["factors"]
    generator = np.random.default_rng(0)
    candidates = generator.standard_normal(shape, dtype=np.float32)
    queries = generator.standard_normal((playlists, shape[1]), dtype=np.float32)
    started = time.monotonic()
    for begin in range(0, playlists, _BATCH):
        scores = queries[begin : begin + _BATCH] @ candidates.T
        np.argpartition(scores, -500, axis=1)
    return time.monotonic() - started


if __name__ == "__main__":
    result = _worker(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")

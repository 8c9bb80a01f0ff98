"""Trains on a GPU and asks what came of it there and on CPUs: `scripts/gpu_check.sh`.

Three processes: one trains and answers on the GPU; one answers with the same model on the CPUs,
where recommendations have to be the same but for ties within rounding; one trains on the CPUs,
whose recommendations have to be about as good.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from benchmarks import harness

#: Products on a GPU are added up in another order, and there are more of them in each sum.
TOLERANCE: Final = 1e-3
#: By how much a model trained on the other device may differ in mean NDCG.
NDCG_TOLERANCE: Final = 0.01
_SEED: Final = 7
_NO_GPU: Final = 2


def main() -> int:
    """Runs the check; returns 0 where all agrees, 1 where not, 2 where there is no GPU."""
    parser = argparse.ArgumentParser(description="Compares a GPU's answers with the CPUs'.")
    parser.add_argument("--rehearse", action="store_true", help="on CPUs only, to try the check")
    parser.add_argument("--worker", nargs=3, metavar=("ACT", "MODEL", "ANSWERS"))
    given = parser.parse_args()
    if given.worker:
        _work(*given.worker)
        return 0
    if not given.rehearse and not _gpus():
        print("There is no GPU that TensorFlow sees: nothing was checked.", file=sys.stderr)
        return _NO_GPU
    with tempfile.TemporaryDirectory() as folder:
        result = _check(pathlib.Path(folder), given.rehearse)
    print(json.dumps(result, indent=1))
    if not given.rehearse:
        harness.record("gpu-check", result)
    return 0 if result["same_answers"] and result["ndcg_differs_by"] <= NDCG_TOLERANCE else 1


def _check(folder: pathlib.Path, rehearse: bool) -> dict[str, Any]:
    def run(act: str, model: str, on_gpu: bool) -> dict[str, Any]:
        answers = folder / f"{act}-{model}-{on_gpu}.json"
        hidden = {} if on_gpu and not rehearse else {"CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, "-m", "benchmarks.gpu_check"]
        command += ["--worker", act, str(folder / model), str(answers)]
        subprocess.run(command, cwd=harness.ROOT, env={**os.environ, **hidden}, check=True)
        return json.loads(answers.read_text())

    from models.conformance import assert_same_recommendations

    trained = run("train", "on-gpu", on_gpu=True)
    asked = run("ask", "on-gpu", on_gpu=False)
    beside = run("train", "on-cpu", on_gpu=False)
    differing = ""
    try:
        assert_same_recommendations(
            (trained["tracks"], trained["scores"]),
            (asked["tracks"], asked["scores"]),
            TOLERANCE,
            TOLERANCE,
        )
    except AssertionError as error:
        differing = str(error)
    return {
        "devices": trained["devices"],
        "asked": len(trained["tracks"]),
        "same_answers": not differing,
        "differing": differing,
        "ndcg": {"gpu": trained["ndcg"], "cpu": beside["ndcg"]},
        "ndcg_differs_by": abs(trained["ndcg"] - beside["ndcg"]),
        "fit_seconds": {"gpu": trained["fit_seconds"], "cpu": beside["fit_seconds"]},
    }


def _gpus() -> list[Any]:
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _work(act: str, model: str, answers: str) -> None:
    """Trains and exports, or takes what was exported; then asks, and writes the answers."""
    import tensorflow as tf

    from benchmarks import held_out
    from models import families
    from models.conformance import Model
    from models.export import saved_model
    from schema.model_card import ModelCard

    # Sums of products with ten bits of precision would be another thing to compare.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    playlists = held_out.load(held_out.SYNTHETIC)
    result: dict[str, Any] = {
        "devices": [each.device_type for each in tf.config.get_visible_devices()]
    }
    if act == "train":
        family = families.family("two_tower")
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = family.fit(playlists.data, family.params({"epochs": 2}), _SEED, folder)
        result["fit_seconds"] = round(time.perf_counter() - began, 2)
        result["ndcg"] = float(held_out.score(found.scorer, playlists)["ndcg"].mean())
        card = ModelCard(family=family.name)
        catalogue, vocabularies = playlists.data.catalogue, playlists.vocabularies
        saved_model.export(found.scorer, catalogue, vocabularies, model, card)
    tracks, scores = Model(model).ask_examples(playlists.examples)
    result.update(tracks=tracks, scores=scores.tolist())
    pathlib.Path(answers).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""TFX's own executors run the search and hand what it found to training."""

from __future__ import annotations

import json
import pathlib
import types
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tfx.components.trainer.executor import GenericExecutor
from tfx.components.tuner.executor import Executor
from tfx.proto import trainer_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import json_utils, path_utils, proto_utils

from models.tuning import tuner
from schema import features
from schema.model_card import ModelCard
from tests.models.training_fixture import uri
from tests.models.transform_fixture import example, write_graph, write_records

NUM_TRACKS = 40
VOCABULARIES: dict[str, Sequence[str]] = {
    features.TRACK_VOCABULARY: [uri(track) for track in range(NUM_TRACKS)],
    features.ARTIST_VOCABULARY: ["Ann", "Bob"],
    features.ALBUM_VOCABULARY: [],
    features.TITLE_VOCABULARY: ["ro", " j"],
    features.CATALOGUE_VOCABULARY: [
        f"{uri(track)}\tSong\tAnn\t{('Ann', 'Bob')[track % 2]}\t" for track in range(NUM_TRACKS)
    ],
}
PARAMS: dict[str, Any] = {
    "als": {"factors": 4, "iterations": 2},
    "two_tower": {"factors": 4, "epochs": 0, "start": {"iterations": 2}},
    "item_knn": {"neighbours": 10},
    "two_stage": {
        "retrieval": {"factors": 4, "epochs": 0, "start": {"iterations": 2}},
        # Few enough that one fold of half the playlists holds them.
        "ranking": {
            "holdout_share": 0.5,
            "min_playlists": 5,
            "max_playlists": 15,
            "cuts": 1,
            "epochs": 1,
        },
    },
}


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Playlists of even and of odd tracks, and a stop split that a search must not open."""
    folder = tmp_path_factory.mktemp("transformed")
    generator = np.random.default_rng(4)
    records = []
    for number in range(60):
        tracks = 2 * generator.choice(NUM_TRACKS // 2, 8, replace=False) + number % 2
        records.append(example(f"{number:03d}", tracks.tolist(), [number % 2]))
    for split in ("train", "stop"):
        (folder / f"Split-{split}").mkdir()
    write_records(folder / "Split-train" / "part-0.gz", records)
    (folder / "Split-stop" / "part-0.gz").write_bytes(b"no TFRecords at all")
    write_graph(folder / "graph", VOCABULARIES)
    return folder


def artifact(kind: Any, folder: pathlib.Path) -> Any:
    made = kind()
    made.uri = str(folder)
    return made


class Search:
    """One run of TFX's executor for the Tuner, with its outputs."""

    def __init__(self, transformed: pathlib.Path, folder: pathlib.Path, **config: Any) -> None:
        examples = artifact(standard_artifacts.Examples, transformed)
        examples.split_names = artifact_utils.encode_split_names(["train", "stop"])
        self.inputs = {
            "examples": [examples],
            "transform_graph": [artifact(standard_artifacts.TransformGraph, transformed / "graph")],
        }
        best = artifact(standard_artifacts.HyperParameters, folder / "best")
        results = artifact(standard_artifacts.TunerResults, folder / "results")
        # Generated code, which type checkers do not see through.
        pb2: Any = trainer_pb2
        self.properties = {
            "train_args": proto_utils.proto_to_json(pb2.TrainArgs(splits=["train"])),
            "eval_args": proto_utils.proto_to_json(pb2.EvalArgs(splits=["train"])),
        }
        Executor(Executor.Context(tmp_dir=str(folder / "tmp"), unique_id="1")).Do(
            self.inputs,
            {"best_hyperparameters": [best], "tuner_results": [results]},
            {
                **self.properties,
                "tuner_fn": "models.tuning.tuner.tuner_fn",
                "custom_config": json_utils.dumps({"seed": 5, "holdout_share": 0.3, **config}),
            },
        )
        self.best = best
        (found,) = pathlib.Path(results.uri).iterdir()
        self.trials = json.loads(found.read_text())

    def train(self, folder: pathlib.Path, **config: Any) -> ModelCard:
        """Trains with what was found; returns what the exported model says of itself."""
        model = artifact(standard_artifacts.Model, folder / "model")
        GenericExecutor(GenericExecutor.Context(tmp_dir=str(folder / "tmp"), unique_id="2")).Do(
            {**self.inputs, "hyperparameters": [self.best]},
            {
                "model": [model],
                "model_run": [artifact(standard_artifacts.ModelRun, folder / "run")],
            },
            {
                **self.properties,
                "run_fn": "models.trainer.run_fn",
                "custom_config": json_utils.dumps({"seed": 5, **config}),
            },
        )
        return ModelCard.read(path_utils.serving_model_path(model.uri))


@pytest.mark.parametrize("family", PARAMS)
def test_every_family_can_be_tuned(
    transformed: pathlib.Path, tmp_path: pathlib.Path, family: str
) -> None:
    config = {"family": family, "params": PARAMS[family], "trials": 2, "algorithm": "random"}
    search = Search(transformed, tmp_path, **config)
    assert sorted(row["trial_id"] for row in search.trials) == ["0", "1"]
    scores = [row["score"] for row in search.trials]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_training_takes_what_the_search_found(
    transformed: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    config = {"family": "als", "params": PARAMS["als"]}
    search = Search(transformed, tmp_path, **config, trials=3, fixed=["factors"])
    best = {name: search.trials[0][name] for name in ("regularization", "alpha", "iterations")}
    assert "factors" not in search.trials[0]
    card = search.train(tmp_path, **config)
    assert card.tuned == best
    assert card.params == {"factors": 4, "title_fallback": True, "warm_iterations": 2, **best}


def test_the_same_seed_finds_the_same(transformed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    config = {"family": "als", "params": PARAMS["als"], "trials": 2, "algorithm": "random"}
    first, again = (Search(transformed, tmp_path / name, **config) for name in ("a", "b"))
    assert first.trials == again.trials


def test_a_finished_search_is_not_repeated_but_another_is_begun(
    transformed: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[int] = []
    run_trial = tuner.TrialRunner.run_trial

    def counted(self: Any, trial: Any, **kwargs: Any) -> dict[str, float]:
        fitted.append(1)
        return run_trial(self, trial, **kwargs)

    monkeypatch.setattr(tuner.TrialRunner, "run_trial", counted)
    kept = tmp_path / "kept"
    config = {
        "family": "item_knn",
        "params": PARAMS["item_knn"],
        "trials": 2,
        "checkpoints": str(kept),
    }
    first = Search(transformed, tmp_path / "a", **config)
    again = Search(transformed, tmp_path / "b", **config)
    assert len(fitted) == 2
    assert first.trials == again.trials
    Search(transformed, tmp_path / "c", **config, source_hash="changed")
    assert len(fitted) == 4
    assert len(list((kept / "tuner-item_knn").iterdir())) == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"family": "alss"}, "no model family 'alss'; choose from"),
        ({"family": "popularity"}, "nothing to tune of the family 'popularity'"),
        ({"family": "als", "params": {"factor": 1}}, "factor: no such parameter"),
        ({"family": "als", "trials": 0}, "trials"),
        ({"family": "als", "algorithm": "hyperband"}, "algorithm"),
        ({"family": "als", "holdout_share": 0.01}, "Raise tuner.holdout_share"),
        (None, "family"),
    ],
)
def test_a_wrong_configuration_names_itself(
    transformed: pathlib.Path, tmp_path: pathlib.Path, config: Any, message: str
) -> None:
    fn_args = types.SimpleNamespace(
        train_files=[str(transformed / "Split-train" / "*")],
        transform_graph_path=str(transformed / "graph"),
        working_dir=str(tmp_path),
        custom_config=config,
    )
    with pytest.raises(ValueError, match=message):
        tuner.tuner_fn(fn_args)  # type: ignore[arg-type]

from __future__ import annotations

import dataclasses
import json
import logging
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Fit, TrainingData
from models.families.two_tower import training
from models.families.two_tower.checkpoints import Checkpoints, fingerprint
from models.families.two_tower.model import fit, fit_for
from models.families.two_tower.network import TwoTower
from models.families.two_tower.params import Params
from models.families.two_tower.start import prepare_start
from tests.models.training_fixture import two_genres

TABLES = ("seeds", "seed_artists", "titles", "tracks", "track_artists")
# A random start, so that there is something to learn.
RANDOM = Params(
    factors=8,
    start={"method": "random"},
    fold_in=False,
    trained=TABLES,
    epochs=4,
    batch_size=32,
    learning_rate=0.05,
    seed_counts=(1, 3),
    patience=4,
)


def with_stop(data: TrainingData, count: int) -> TrainingData:
    """Marks playlists as those of stop."""
    total = len(data.train) - 2  # the last ones hold every track once
    return dataclasses.replace(data, stop=np.arange(total - count, total))


DATA = with_stop(two_genres(80, 200, 10)[0], 30)


def vectors(found: Fit) -> np.ndarray:
    return found.scorer.candidate_embeddings().numpy()  # type: ignore[attr-defined]


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def followed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Fit, list[logging.LogRecord]]:
    """A whole training, and what it reported on the way."""
    logger, handler = logging.getLogger("segue.progress"), Records()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    found = fit(DATA, RANDOM, 0, str(tmp_path_factory.mktemp("whole")))
    logger.setLevel(level)
    logger.removeHandler(handler)
    return found, handler.records


@pytest.fixture(scope="module")
def whole(followed: tuple[Fit, list[logging.LogRecord]]) -> Fit:
    return followed[0]


def test_learns_from_a_random_start(whole: Fit) -> None:
    history = whole.history
    assert [row["epoch"] for row in history] == [0, 1, 2, 3, 4]
    # The epochs are chosen on 30 of 202 playlists.
    steps = -(-172 // 32)
    assert len(DATA.train) == 202
    assert [row["step"] for row in history] == [steps * epoch for epoch in range(5)]
    assert "loss" not in history[0]
    assert history[-1]["loss"] < history[1]["loss"]
    assert history[-1]["stop_ndcg"] > history[0]["stop_ndcg"] + 0.1


def test_the_sampled_loss_learns_too(tmp_path: pathlib.Path) -> None:
    sampled = RANDOM.model_copy(update={"full_softmax_max_tracks": 79, "negatives": 40})
    history = fit(DATA, sampled, 0, str(tmp_path)).history
    assert history[-1]["loss"] < history[1]["loss"]
    assert history[-1]["stop_ndcg"] > history[0]["stop_ndcg"] + 0.1


def test_the_size_of_the_catalogue_chooses_the_loss() -> None:
    for most, expected in ((80, False), (79, True)):
        params = RANDOM.model_copy(update={"full_softmax_max_tracks": most})
        network = TwoTower(prepare_start(DATA, params, 0), DATA, params, 0)
        assert network.task.sampled == expected


def test_the_same_seed_gives_the_same_model(whole: Fit, tmp_path: pathlib.Path) -> None:
    again = fit(DATA, RANDOM, 0, str(tmp_path / "again"))
    assert whole.history == again.history
    np.testing.assert_array_equal(vectors(whole), vectors(again))
    short = RANDOM.model_copy(update={"epochs": 1})
    assert fit(DATA, short, 1, str(tmp_path / "other")).history[0] != whole.history[0]


class KilledError(Exception):
    pass


# Five saves while the number of epochs is chosen, one at the start and one an epoch, then as many.
@pytest.mark.parametrize("deadly", [3, 5, 8])
def test_goes_on_after_a_crash_as_if_there_was_none(
    whole: Fit, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, deadly: int
) -> None:
    save, saves = Checkpoints.save, []

    def save_then_die(self: Checkpoints, checkpoint: tf.train.Checkpoint, state: dict):
        save(self, checkpoint, state)
        saves.append(state)
        if len(saves) == deadly:
            raise KilledError

    workdir = str(tmp_path / "cut")
    monkeypatch.setattr(Checkpoints, "save", save_then_die)
    with pytest.raises(KilledError):
        fit(DATA, RANDOM, 0, workdir)
    monkeypatch.setattr(Checkpoints, "save", save)
    resumed = fit(DATA, RANDOM, 0, workdir)
    assert (resumed.history, resumed.chosen) == (whole.history, whole.chosen)
    np.testing.assert_array_equal(vectors(resumed), vectors(whole))
    # Once finished it is there at once.
    np.testing.assert_array_equal(vectors(fit(DATA, RANDOM, 0, workdir)), vectors(whole))


def test_stops_early_and_is_fitted_to_all_for_as_many_epochs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([0.5, 0.7, 0.6, 0.65, 0.9])
    monkeypatch.setattr(training.Validation, "ndcg", lambda *_: next(given))
    params = RANDOM.model_copy(update={"patience": 2})
    found = fit(DATA, params, 0, str(tmp_path / "chosen"))
    assert [row["stop_ndcg"] for row in found.history] == [0.5, 0.7, 0.6, 0.65]
    assert found.chosen == {"epochs": 1}
    again = fit_for(1, DATA, params, 0, str(tmp_path / "again"))
    assert "stop_ndcg" not in again.history[-1]
    assert again.history[-1]["step"] == -(-202 // 32), "on all playlists"
    np.testing.assert_array_equal(vectors(found), vectors(again))


def test_a_start_that_training_does_not_better_remains(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([0.5, 0.5])
    monkeypatch.setattr(training.Validation, "ndcg", lambda *_: next(given))
    params = RANDOM.model_copy(update={"patience": 1})
    found = fit(DATA, params, 0, str(tmp_path))
    untrained = fit(DATA, params.model_copy(update={"epochs": 0}), 0, str(tmp_path))
    assert found.chosen == {"epochs": 0}
    assert (untrained.history, untrained.chosen) == ([], {})
    np.testing.assert_array_equal(vectors(found), vectors(untrained))


def test_without_playlists_of_stop_it_runs_to_the_end(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, _ = two_genres(80, 100, 10)
    found = fit(data, RANDOM, 0, str(tmp_path))
    assert [row["epoch"] for row in found.history] == [0, 1, 2, 3, 4]
    assert all("stop_ndcg" not in row for row in found.history)
    assert found.chosen == {}
    assert "The split stop is empty: all 4 epochs are run." in caplog.text


def test_the_epoch_is_chosen_by_a_model_that_has_not_seen_stop(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = []

    def ndcg(validation: training.Validation) -> float:
        scored.append(validation.network.candidate_tower.all_tracks().shape[0])
        return 0.5

    monkeypatch.setattr(training.Validation, "ndcg", ndcg)
    # The last two playlists hold every track once, so without them some tracks are in none.
    data = dataclasses.replace(DATA, stop=np.arange(20, 202))
    fit(data, RANDOM.model_copy(update={"patience": 1}), 0, str(tmp_path))
    left = data.train.select(np.arange(20)).track_ids.values
    assert scored == [len(np.unique(left))] * 2
    assert scored[0] < 80


def test_reports_progress(followed: tuple[Fit, list[logging.LogRecord]]) -> None:
    seen = [record.progress for record in followed[1]]  # type: ignore[attr-defined]
    assert seen[-1]["completed"] == seen[-1]["total"]
    assert all(0 <= row["completed"] <= row["total"] for row in seen)
    assert any("loss" in row["text"] and "stop NDCG" in row["text"] for row in seen)


def test_the_temperature_is_found_or_given() -> None:
    given = RANDOM.model_copy(update={"temperature": 0.25})
    network = TwoTower(prepare_start(DATA, given, 0), DATA, given, 0)
    assert float(network.temperature) == 0.25
    started = Params(factors=8, start={"regularization": 0.5})
    network = TwoTower(prepare_start(DATA, started, 0), DATA, started, 0)
    cut = next(iter(training.training_batches(DATA.train, given, 0)))
    found = network.find_temperature(cut)
    losses = []
    for temperature in (found, found * 2, found / 2):
        network.temperature.assign(temperature)
        losses.append(float(network.compute_loss(cut)))
    assert losses[0] == min(losses)


def test_checkpoints_of_another_training_are_not_taken(tmp_path: pathlib.Path) -> None:
    variable = tf.Variable(1.0)
    weights = tf.train.Checkpoint(variable=variable)
    directory = str(tmp_path / "checkpoints")
    Checkpoints(directory, "a").save(weights, {"epoch": 0})
    variable.assign(2.0)
    Checkpoints(directory, "a").save(weights, {"epoch": 1})
    variable.assign(3.0)
    again = Checkpoints(directory, "a")
    assert again.state is not None
    assert again.state["epoch"] == 1
    again.restore(weights)
    assert float(variable) == 2.0
    (tmp_path / "checkpoints" / "state.json").write_text("{half a state")
    assert Checkpoints(directory, "a").state is None
    Checkpoints(directory, "a").save(weights, {"epoch": 0})
    assert Checkpoints(directory, "b").state is None
    assert os.listdir(directory) == []


def test_only_the_last_is_kept(tmp_path: pathlib.Path) -> None:
    weights = tf.train.Checkpoint(variable=tf.Variable(1.0))
    checkpoints = Checkpoints(str(tmp_path), "a")
    for epoch in range(12):
        checkpoints.save(weights, {"epoch": epoch})
    kept = {name.split(".")[0] for name in os.listdir(tmp_path)}
    assert kept == {"epoch-11", "state"}


def test_fingerprint_follows_data_params_and_seed() -> None:
    other_data = with_stop(two_genres(80, 200, 10, seed=1)[0], 30)
    other_params = RANDOM.model_copy(update={"epochs": 5})
    prints = {
        fingerprint(DATA, RANDOM, 0),
        fingerprint(DATA, RANDOM, 1),
        fingerprint(DATA, other_params, 0),
        fingerprint(other_data, RANDOM, 0),
    }
    assert len(prints) == 4
    assert fingerprint(DATA, RANDOM, 0) in prints


_DISTRIBUTED = """
import json, sys
import models
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
from tests.models.families.two_tower import test_training
from models.families.two_tower import model
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
model._strategy = lambda: strategy
print(json.dumps(model.fit(test_training.DATA, test_training.RANDOM, 0, sys.argv[1]).history))
"""


def test_several_devices_learn_as_well_as_one(
    whole: Fit, tmp_path: pathlib.Path, root: pathlib.Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DISTRIBUTED, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    history = json.loads(done.stdout.splitlines()[-1])
    assert history[0]["stop_ndcg"] == pytest.approx(whole.history[0]["stop_ndcg"], abs=0.01)
    assert history[-1]["stop_ndcg"] == pytest.approx(whole.history[-1]["stop_ndcg"], abs=0.05)

from __future__ import annotations

import dataclasses
import logging
import pathlib
from typing import Any

import numpy as np
import pytest
from keras_tuner.errors import FatalRuntimeError

from models import families, progress
from models.contract import Fit
from models.families.search_space import Choice
from models.tuning.inner_split import InnerSplit, split_train
from models.tuning.oracles import oracle
from models.tuning.trials import TrialRunner
from tests.models.training_fixture import two_genres


@pytest.fixture(scope="module")
def split() -> InnerSplit:
    data, _ = two_genres(num_tracks=60, num_playlists=80, length=8)
    return split_train(data, share=0.3, seed=2)


class Family:
    """ALS in name: its fit is up to the test, and it remembers the factors that it was given."""

    def __init__(self, faults: dict[int, Exception] | None = None):
        self.faults = faults or {}
        self.tried: list[int] = []
        self.real = dataclasses.replace(families.family("als"), fit=self.fit)

    def fit(self, data: Any, params: Any, seed: int, workdir: str) -> Fit:
        assert pathlib.Path(workdir).is_dir()
        assert seed == 9
        self.tried.append(params.factors)
        progress.report(1, 2, "half")
        if params.factors in self.faults:
            raise self.faults[params.factors]
        popularity = families.family("popularity")
        return popularity.fit(data, popularity.params({}), seed, workdir)


def runner(family: Family, directory: pathlib.Path, trials: int = 3) -> TrialRunner:
    space = (Choice("factors", (1, 2, 3, 4)),)
    return TrialRunner(
        oracle("random", space, {"factors": 2}, trials, seed=1),
        family=family.real,
        params={"factors": 2, "iterations": 1},
        seed=9,
        directory=str(directory),
        project_name="search",
    )


def test_trials_are_fitted_and_scored(
    split: InnerSplit, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    family = Family()
    tuner = runner(family, tmp_path)
    with caplog.at_level(logging.INFO, progress.LOGGER_NAME):
        tuner.search(split=split)
    assert family.tried[0] == 2
    assert len(set(family.tried)) == 3
    scores = [trial.score for trial in tuner.oracle.trials.values()]
    assert all(0 < score < 1 for score in scores)
    # All trials are as good: the configured one, being the first, is the best.
    assert tuner.get_best_hyperparameters()[0].values == {"factors": 2}
    told = [vars(row)["progress"] for row in caplog.records if row.name == progress.LOGGER_NAME]
    assert [row["completed"] for row in told] == [0.5, 1, 1.5, 2, 2.5, 3]
    assert told[0]["text"] == "trial 1 of 3 · half"
    assert told[2]["text"].startswith("trial 2 of 3 · best NDCG 0.")


def test_a_search_goes_on_where_it_was_cut_off(split: InnerSplit, tmp_path: pathlib.Path) -> None:
    whole = Family()
    runner(whole, tmp_path / "whole").search(split=split)
    cut = Family({whole.tried[2]: KeyboardInterrupt()})  # type: ignore[dict-item]
    with pytest.raises(KeyboardInterrupt):
        runner(cut, tmp_path / "cut").search(split=split)
    resumed = Family()
    tuner = runner(resumed, tmp_path / "cut")
    tuner.search(split=split)
    assert resumed.tried == whole.tried[2:]
    assert len([trial.score for trial in tuner.oracle.trials.values()]) == 3


def test_a_point_that_cannot_be_fitted_does_not_end_a_search(
    split: InnerSplit, tmp_path: pathlib.Path
) -> None:
    family = Family({2: np.linalg.LinAlgError("singular")})
    tuner = runner(family, tmp_path)
    tuner.search(split=split)
    assert len(family.tried) == 3
    assert tuner.get_best_hyperparameters()[0].values != {"factors": 2}


def test_no_good_point_is_told(split: InnerSplit, tmp_path: pathlib.Path) -> None:
    family = Family(dict.fromkeys((1, 2, 3, 4), MemoryError("too big")))
    with pytest.raises(RuntimeError, match=r"None of 2 trials could be fitted\.(.|\n)*too big"):
        runner(family, tmp_path, trials=2).search(split=split)


def test_an_error_of_the_code_ends_a_search(split: InnerSplit, tmp_path: pathlib.Path) -> None:
    with pytest.raises(FatalRuntimeError, match="Trial 0: no such thing"):
        runner(Family({2: TypeError("no such thing")}), tmp_path).search(split=split)

from __future__ import annotations

from typing import Any

import pytest

from models.families.search_space import Choice, Real
from models.tuning.oracles import Algorithm, oracle

SPACE = (Choice("factors", (8, 16, 32)), Real("start.alpha", 1.0, 100.0, log=True))
CONFIGURED = {"factors": 16, "start.alpha": 40.0}


def search(algorithm: Algorithm, seed: int, trials: int = 5) -> list[dict[str, Any]]:
    """Runs a search whose NDCG is best with many factors and an alpha of 10."""
    made = oracle(algorithm, SPACE, CONFIGURED, trials, seed)
    tried = []
    while (trial := made.create_trial("tuner")).status == "RUNNING":
        values = trial.hyperparameters.values
        tried.append(dict(values))
        score = values["factors"] / 32 - abs(values["start.alpha"] - 10) / 100
        made.update_trial(trial.trial_id, {"ndcg": score})
        trial.status = "COMPLETED"
        made.end_trial(trial)
    return tried


@pytest.fixture(autouse=True)
def _directory(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras_tuner import Oracle

    monkeypatch.setattr(Oracle, "save", lambda self: None)
    monkeypatch.setattr(Oracle, "_save_trial", lambda self, trial: None)


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_a_search_begins_with_what_is_configured(algorithm: Algorithm) -> None:
    tried = search(algorithm, seed=3)
    assert tried[0] == CONFIGURED
    assert len({tuple(values.items()) for values in tried}) == len(tried) == 5
    for values in tried:
        assert values["factors"] in {8, 16, 32}
        assert 1 <= values["start.alpha"] <= 100


# So little to go by leaves the Gaussian process in doubt.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_the_seed_decides(algorithm: Algorithm) -> None:
    assert search(algorithm, seed=0) == search(algorithm, seed=0)
    assert search(algorithm, seed=0) != search(algorithm, seed=1)


def test_one_trial_is_what_is_configured() -> None:
    assert search("bayesian", seed=3, trials=1) == [CONFIGURED]


def test_a_value_at_the_end_of_its_range_can_be_configured() -> None:
    space = (Real("share", 0.0, 0.4), Choice("factors", (8, 16)))
    made = oracle("bayesian", space, {"share": 0.0, "factors": 8}, 4, seed=1)
    assert made.create_trial("tuner").hyperparameters.values == {"share": 0.0, "factors": 8}

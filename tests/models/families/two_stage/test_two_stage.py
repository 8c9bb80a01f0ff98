from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pydantic
import pytest
import tensorflow as tf

from models.conformance import assert_same_recommendations
from models.contract import Fit, Query, TrainingData
from models.export.retrieval import BruteForce, Reranked
from models.families.two_stage.model import fit
from models.families.two_stage.params import Params
from models.families.two_tower import model as two_tower
from tests.models.training_fixture import query, training_data, two_genres

# Even tracks are rock, odd ones jazz; track n is by artist n // 3.
DATA, VOCABULARIES = two_genres(80, 200, 10)
# A half of the playlists teaches the second stage, in one fold.
PARAMS = Params(
    retrieval={"factors": 8, "start": {"regularization": 0.5}, "epochs": 0},
    ranking={"epochs": 2, "cuts": 1, "hidden": (8,), "holdout_share": 0.5, "max_playlists": 100},
)


def best(found: Fit, asked: Query, count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    assert found.ranker is not None
    retriever = Reranked(BruteForce(found.scorer), found.ranker, len(DATA.catalogue))
    rows = tf.size(asked.track_ids.row_lengths())
    scores, ids = retriever.best(asked, rows, count)
    return scores.numpy(), ids.numpy()


def numbers(ids: np.ndarray) -> np.ndarray:
    return np.array([int(VOCABULARIES.tracks[i].decode().rsplit(":", 1)[1]) for i in ids])


def track(number: int) -> int:
    return VOCABULARIES.tracks.index(f"spotify:track:{number:022d}".encode())


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return fit(DATA, PARAMS, 3, str(tmp_path_factory.mktemp("work")))


def test_seeds_decide(fitted: Fit) -> None:
    _, ids = best(fitted, query([[track(0), track(2)], [track(1), track(3)]]))
    assert (numbers(ids[0]) % 2 == 0).mean() > 0.8
    assert (numbers(ids[1]) % 2 == 1).mean() > 0.8


def test_never_a_seed_and_best_first(fitted: Fit) -> None:
    seeds = [track(0), track(2), track(4)]
    scores, ids = best(fitted, query([seeds]), 80)
    assert not set(seeds) & set(ids[0][np.isfinite(scores[0])].tolist())
    assert np.isfinite(scores[0]).sum() == 77
    assert (np.diff(scores[0][:77]) <= 0).all()


def test_a_playlists_answer_does_not_depend_on_the_others(fitted: Fit) -> None:
    one, other = [track(0)], [track(1), track(3), track(5), track(7)]
    alone_scores, alone = best(fitted, query([one]))
    scores, ids = best(fitted, query([other, one]))
    assert_same_recommendations((alone, alone_scores), (ids[1:], scores[1:]))


def test_the_seed_decides_the_fit(fitted: Fit, tmp_path: pathlib.Path) -> None:
    again = fit(DATA, PARAMS, 3, str(tmp_path))
    asked = query([[track(0), track(2)]])
    np.testing.assert_array_equal(best(again, asked)[0], best(fitted, asked)[0])


def test_the_first_stage_learns_from_all_of_train(fitted: Fit, tmp_path: pathlib.Path) -> None:
    from models.families.two_tower.model import fit as fit_towers

    towers = fit_towers(DATA, PARAMS.retrieval, 3, str(tmp_path))
    asked = query([[track(0), track(2)]])
    np.testing.assert_allclose(
        fitted.scorer.score(asked), towers.scorer.score(asked), rtol=1e-5, atol=1e-5
    )


def test_popularity_bias_moves_the_popular_up(fitted: Fit, tmp_path: pathlib.Path) -> None:
    biased = fit(DATA, PARAMS.model_copy(update={"popularity_bias": 5.0}), 3, str(tmp_path))
    asked = query([[track(0), track(2)]])
    counts = DATA.catalogue.counts
    # Every candidate's score rises by 5 log(count) / log(highest count).
    plain, more = best(fitted, asked, 78), best(biased, asked, 78)
    before = dict(zip(plain[1][0], plain[0][0], strict=True))
    expected = [before[i] + 5 * np.log(counts[i]) / np.log(counts.max()) for i in more[1][0]]
    np.testing.assert_allclose(more[0][0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("changed", [{"fold_in": False}, {"popularity_bias": 0.02}])
def test_vectors_of_tracks_and_playlists_may_be_of_other_kinds(
    changed: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    retrieval = PARAMS.retrieval.model_copy(update=changed)
    found = fit(DATA, PARAMS.model_copy(update={"retrieval": retrieval}), 3, str(tmp_path))
    scores, ids = best(found, query([[track(0), track(2)]]))
    assert np.isfinite(scores).all()
    assert (numbers(ids[0]) % 2 == 0).mean() > 0.8


def test_too_few_playlists_leave_the_first_stage_alone(tmp_path: pathlib.Path) -> None:
    data, _ = training_data([("rock", [0, 1, 2]), ("rock", [0, 1]), ("jazz", [3, 4])])
    found = fit(data, PARAMS, 3, str(tmp_path))
    assert found.ranker is None
    assert np.isfinite(found.scorer.score(query([[0]])).numpy()).all()


def test_stop_chooses_the_epochs_and_is_learnt_from(fitted: Fit, tmp_path: pathlib.Path) -> None:
    data = dataclasses.replace(DATA, stop=np.arange(0, 200, 10))
    watched = fit(data, PARAMS, 3, str(tmp_path))
    assert list(watched.chosen) == ["ranking.epochs"]
    assert 1 <= watched.chosen["ranking.epochs"] <= 2
    assert all("stop_ndcg" in row for row in watched.history)
    assert fitted.chosen == {}
    assert all("stop_ndcg" not in row for row in fitted.history)
    asked = query([[track(0)]])
    np.testing.assert_array_equal(watched.scorer.score(asked), fitted.scorer.score(asked))


def test_the_towers_choose_their_epochs_too(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = []

    def fit_for(epochs: int, data: TrainingData, *rest: Any) -> Fit:
        fits.append((epochs, len(data.train)))
        return two_tower_fit_for(epochs, data, *rest)

    two_tower_fit_for = two_tower.fit_for
    monkeypatch.setattr(two_tower, "fit_for", fit_for)
    given = iter([0.1, 0.5, 0.2])
    monkeypatch.setattr(
        "models.families.two_tower.training.Validation.ndcg", lambda *_: next(given)
    )
    data = dataclasses.replace(DATA, stop=np.arange(0, 200, 10))
    retrieval = PARAMS.retrieval.model_copy(update={"epochs": 3})
    every = {"holdout_share": 0.34, "max_playlists": 1000}
    ranking = PARAMS.ranking.model_copy(update=every)
    params = PARAMS.model_copy(update={"retrieval": retrieval, "ranking": ranking})
    found = fit(data, params, 3, str(tmp_path))
    assert found.chosen["retrieval.epochs"] == 1
    # All playlists for the model, and for each of three folds those that it does not hold out.
    assert fits == [(1, 202), (1, 202 - 68), (1, 202 - 67), (1, 202 - 67)]
    _, ids = best(found, query([[track(0), track(2)]]))
    assert (numbers(ids[0]) % 2 == 0).mean() > 0.8, "what all folds teach is learnt"


@pytest.mark.parametrize(
    "values", [{"depth": 10}, {"ranking": {"holdout_share": 1}}, {"retrieval": {"factor": 3}}]
)
def test_params_are_checked(values: dict) -> None:
    with pytest.raises(pydantic.ValidationError):
        Params(**values)


def test_the_first_stage_takes_no_gradient_steps_unless_asked_to() -> None:
    assert Params(retrieval={"factors": 8}).retrieval.epochs == 0
    assert Params(retrieval={"factors": 8, "epochs": 2}).retrieval.epochs == 2

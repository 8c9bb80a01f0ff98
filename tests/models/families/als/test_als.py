from __future__ import annotations

import logging

import numpy as np
import pytest
import scipy.sparse
import threadpoolctl
from implicit.cpu.als import AlternatingLeastSquares

from models.families.als.model import AlsScorer, fit
from models.families.als.params import Params
from models.families.shared.als import als
from tests.models.training_fixture import query, ragged, two_genres

SMALL = Params(factors=8, regularization=0.1, alpha=10, iterations=5)


def test_fold_in_by_hand() -> None:
    # y = (2, 1), lambda 3, alpha 5: Y'Y + lambda = 4 + 1 + 3 = 8. With seed 0 the system is
    # (8 + 4 * 2 * 2) x = 5 * 2, so x = 10 / 24; with both, (8 + 4 * (4 + 1)) x = 5 * 3.
    factors = np.array([[2], [1]], np.float32)
    scorer = AlsScorer(factors, Params(factors=1, regularization=3, alpha=5))
    scores = scorer.score(query([[0], [0, 1], []])).numpy()
    expected = [[20 / 24, 10 / 24], [30 / 28, 15 / 28], [0, 0]]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_fold_in_equals_the_librarys() -> None:
    generator = np.random.default_rng(3)
    factors = generator.normal(0, 0.3, (200, 32)).astype(np.float32)
    seeds = [generator.choice(200, size, replace=False).tolist() for size in (1, 2, 30, 150)]
    params = Params(factors=32, regularization=2, alpha=40)
    with threadpoolctl.threadpool_limits(1, "blas"):
        library = AlternatingLeastSquares(factors=32, regularization=2, alpha=40)
    library.item_factors = factors
    splits = np.cumsum([0, *map(len, seeds)])
    matrix = scipy.sparse.csr_matrix(
        (np.ones(splits[-1], np.float32), np.concatenate(seeds), splits), shape=(4, 200)
    )
    expected = library.recalculate_user(np.arange(4), matrix)
    result = AlsScorer(factors, params).query_vectors(query(seeds).track_ids).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-4)


def test_the_same_seed_gives_the_same_vectors() -> None:
    matrix = two_genres(60, 30, 8)[0].train.track_ids.to_csr(60)
    settings = {"factors": 4, "regularization": 0.1, "alpha": 40.0, "iterations": 2}
    first, second, other = (als(matrix, **settings, seed=seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_als_reports_progress(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "segue.progress"):
        matrix = ragged([[0, 1], [1]]).to_csr(3)
        als(matrix, factors=2, regularization=1.0, alpha=40.0, iterations=3, seed=0)
    progress = [record.progress for record in caplog.records]  # type: ignore[attr-defined]
    assert [step["completed"] for step in progress] == [1, 2, 3]
    assert {step["total"] for step in progress} == {3}


def test_learns_genres() -> None:
    data, _ = two_genres(60, 60, 10)
    numbers = np.array([int(uri[-4:]) for uri in data.catalogue.track_uris])
    rock = np.flatnonzero(numbers % 2 == 0)[:3]
    scores = fit(data, SMALL, 0, "").scorer.score(query([rock.tolist()])).numpy()[0]
    scores[rock] = -np.inf
    assert (numbers[np.argsort(-scores)[:10]] % 2 == 0).all()


@pytest.mark.parametrize("fallback", [True, False])
def test_title_fallback(fallback: bool) -> None:
    data, vocabularies = two_genres(60, 300, 10)
    scorer = fit(data, SMALL.model_copy(update={"title_fallback": fallback}), 0, "").scorer
    assert scorer.uses_title is fallback
    jazz = [index for index, gram in enumerate(vocabularies.title_ngrams) if gram in b" jazz "]
    scores = scorer.score(query([[]], [jazz])).numpy()[0]
    numbers = np.array([int(uri[-4:]) for uri in data.catalogue.track_uris])
    if fallback:
        assert (numbers[np.argsort(-scores)[:5]] % 2 == 1).all()
    else:
        assert not scores.any()

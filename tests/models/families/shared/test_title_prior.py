"""Three playlists: n-gram 0 over tracks (0, 1) and (0), n-gram 1 over track (2).

p = (2/3, 1/3, 1/3). N-gram 0 is in 2 playlists and with tracks (2, 1, 0) times, so its differences
are (2 - 4/3, 1 - 2/3, 0 - 2/3) / (2 + 30), the last negative and dropped. N-gram 1 is in one, with
(0, 0, 1): only (1 - 1/3) / (1 + 30) remains.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Playlists
from models.families.shared import title_prior
from models.families.shared.title_prior import TitlePrior
from tests.models.training_fixture import query, ragged

PLAYLISTS = Playlists(ragged([[0, 1], [0], [2]]), ragged([[0], [0], [1]]), ragged([[]] * 3))
POPULARITY = np.array([2, 1, 1]) / 3
FIRST = np.array([2 / 3 / 32, 1 / 3 / 32, 0])
SECOND = np.array([0, 0, 2 / 3 / 31])


def scores(prior: TitlePrior, tracks: list[list[int]], ngrams: list[list[int]]) -> np.ndarray:
    return prior.add_to(tf.zeros([len(tracks), 3]), query(tracks, ngrams)).numpy()


def test_one_ngram() -> None:
    prior = TitlePrior(PLAYLISTS, 2, 3, 10)
    expected = [POPULARITY + FIRST, POPULARITY + SECOND]
    np.testing.assert_allclose(scores(prior, [[], []], [[0], [1]]), expected, rtol=1e-6)


def test_rare_ngrams_weigh_more() -> None:
    first, second = 1 + math.log(4 / 3), 1 + math.log(4 / 2)
    expected = POPULARITY + (first * FIRST + second * SECOND) / (first + second)
    prior = TitlePrior(PLAYLISTS, 2, 3, 10)
    np.testing.assert_allclose(scores(prior, [[]], [[0, 1]])[0], expected, rtol=1e-6)


def test_no_title_is_popularity() -> None:
    result = scores(TitlePrior(PLAYLISTS, 2, 3, 10), [[]], [[]])
    np.testing.assert_allclose(result[0], POPULARITY, rtol=1e-6)


def test_stays_out_of_queries_with_seeds() -> None:
    result = scores(TitlePrior(PLAYLISTS, 2, 3, 10), [[1], []], [[0], [1]])
    assert result[0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(result[1], POPULARITY + SECOND, rtol=1e-6)


def test_keeps_the_largest_differences() -> None:
    result = scores(TitlePrior(PLAYLISTS, 2, 3, 1), [[]], [[0]])
    expected = POPULARITY + np.array([FIRST[0], 0, 0])
    np.testing.assert_allclose(result[0], expected, rtol=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scores(TitlePrior(PLAYLISTS, 4, 3, 10), [[]], [[0, 1, 3]])
    monkeypatch.setattr(title_prior, "_BLOCK_ENTRIES", 1)
    parts = scores(TitlePrior(PLAYLISTS, 4, 3, 10), [[]], [[0, 1, 3]])
    np.testing.assert_allclose(parts, whole, rtol=1e-6)


def test_without_any_title_in_train() -> None:
    untitled = Playlists(ragged([[0, 1], [0]]), ragged([[], []]), ragged([[], []]))
    result = scores(TitlePrior(untitled, 1, 3, 10), [[]], [[0]])
    np.testing.assert_allclose(result[0], [1, 0.5, 0], rtol=1e-6)

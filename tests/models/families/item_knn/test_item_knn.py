"""Playlists (0, 1), (0, 1), (0, 2) and (3); so tracks are in 3, 2, 1 and 1 of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.families.item_knn.model import ItemKnnScorer, fit, similarities
from models.families.item_knn.params import Params
from tests.models.training_fixture import query, ragged, two_genres

PLAYLISTS = ragged([[0, 1], [0, 1], [0, 2], [3]])
COSINE = Params(similarity="cosine", neighbours=10)


def test_cosine_by_hand() -> None:
    # Tracks 0 and 1 share 2 playlists: 2 / sqrt(3 * 2). Tracks 0 and 2 share 1: 1 / sqrt(3 * 1).
    a, b = 2 / math.sqrt(6), 1 / math.sqrt(3)
    expected = [[1, a, b, 0], [a, 1, 0, 0], [b, 0, 1, 0], [0, 0, 0, 1]]
    result = similarities(PLAYLISTS, 4, COSINE).toarray()
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_bm25_by_hand() -> None:
    # idf of the playlists of two: log 4 - log 3. Of tracks, in 7 / 4 playlists on average:
    # w_0 = 3 / (2 * (.5 + .5 * 3 / 1.75) + 1), w_1 with 2 and w_2 with 1 instead of 3.
    params = Params(similarity="bm25", neighbours=10, bm25_k1=2, bm25_b=0.5)
    idf = math.log(4 / 3)
    w_0, w_1, w_2 = (3 / (2 * (0.5 + 0.5 * n / 1.75) + 1) for n in (3, 2, 1))
    result = similarities(PLAYLISTS, 4, params).toarray()
    assert result[0, 1] == pytest.approx(2 * w_0 * w_1 * idf**2)
    assert result[0, 2] == pytest.approx(w_0 * w_2 * idf**2)
    assert result[1, 2] == 0


def test_scores_add_up_over_seeds() -> None:
    a, b = 2 / math.sqrt(6), 1 / math.sqrt(3)
    scores = ItemKnnScorer(similarities(PLAYLISTS, 4, COSINE)).score(query([[1], [0, 1], []]))
    expected = [[a, 1, 0, 0], [1 + a, a + 1, b, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(scores.numpy(), expected, atol=1e-6)


def test_keeps_only_the_nearest() -> None:
    params = Params(similarity="cosine", neighbours=2)
    # Track 0's neighbours are itself and 1; 2 is further away.
    result = similarities(PLAYLISTS, 4, params).toarray()
    assert np.flatnonzero(result[0]).tolist() == [0, 1]


def test_title_decides_without_seeds() -> None:
    data, vocabularies = two_genres(60, 300, 10)
    scorer = fit(data, Params(), 0, "").scorer
    rock = [index for index, gram in enumerate(vocabularies.title_ngrams) if gram in b" rock "]
    best = np.argsort(-scorer.score(query([[]], [rock])).numpy()[0])[:5]
    assert all(int(uri[-4:]) % 2 == 0 for uri in data.catalogue.track_uris[best])


def test_without_fallback_titles_are_not_read() -> None:
    data, _ = two_genres(60, 10, 10)
    scorer = fit(data, Params(title_fallback=False), 0, "").scorer
    assert not scorer.uses_title
    assert not scorer.score(query([[]], [[0, 1]])).numpy().any()

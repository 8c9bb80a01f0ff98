from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Fit
from models.data import Vocabularies
from models.families.two_tower import model
from models.families.two_tower.model import fit
from models.families.two_tower.params import Params
from models.transform import titles
from tests.models.training_fixture import query, training_data, two_genres

# Even tracks are rock, odd ones jazz; track n is by artist n // 3 (so artists 0, 2, ... have two
# rock tracks and one of jazz). Ids are by frequency, so they are looked up.
DATA, VOCABULARIES = two_genres(80, 200, 10)
SMALL = Params(factors=8, start={"regularization": 0.5}, epochs=1, batch_size=64)
BAGS = SMALL.model_copy(update={"fold_in": False})


def track(number: int, vocabularies: Vocabularies = VOCABULARIES) -> int:
    return vocabularies.tracks.index(f"spotify:track:{number:022d}".encode())


def ngrams(title: str, vocabularies: Vocabularies = VOCABULARIES) -> list[int]:
    grams = titles.character_ngrams(titles.normalize(tf.constant([title]))).to_list()[0]
    return [
        vocabularies.title_ngrams.index(gram) for gram in grams if gram in vocabularies.title_ngrams
    ]


def is_rock(ids: np.ndarray) -> np.ndarray:
    numbers = [int(VOCABULARIES.tracks[i].decode().rsplit(":", 1)[1]) for i in ids]
    return np.array(numbers) % 2 == 0


def best(found: Fit, asked: object, count: int = 20) -> np.ndarray:
    return np.argsort(-found.scorer.score(asked).numpy(), axis=1)[:, :count]


@pytest.fixture(scope="module", params=["fold_in", "bags", "svd"])
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    params = {
        "fold_in": SMALL,
        "bags": BAGS,
        "svd": BAGS.model_copy(update={"start": BAGS.start.model_copy(update={"method": "svd"})}),
    }[request.param]
    return fit(DATA, params, 0, str(tmp_path_factory.mktemp(request.param)))


def test_seeds_decide(fitted: Fit) -> None:
    found = best(fitted, query([[track(0), track(2)], [track(1), track(3)]]))
    assert is_rock(found[0]).mean() > 0.9
    assert is_rock(found[1]).mean() < 0.1


def test_title_only(fitted: Fit) -> None:
    found = best(fitted, query([[], []], [ngrams("rock"), ngrams("Jazz")]))
    assert is_rock(found[0]).mean() > 0.8
    assert is_rock(found[1]).mean() < 0.2


def test_an_emoji_is_a_title(fitted: Fit) -> None:
    assert ngrams("🔥")
    assert is_rock(best(fitted, query([[]], [ngrams("🔥")]))[0]).mean() > 0.8


def test_seeds_outweigh_a_title_that_says_otherwise(fitted: Fit) -> None:
    rock = [track(n) for n in range(0, 16, 2)]
    assert is_rock(best(fitted, query([rock], [ngrams("jazz")]), 10)[0]).mean() > 0.5


def test_nothing_known_scores_nothing(fitted: Fit) -> None:
    scores = fitted.scorer.score(query([[], []])).numpy()
    assert scores.shape == (2, 80)
    assert np.abs(scores).max() == 0


def test_scores_are_dot_products(fitted: Fit) -> None:
    asked = query([[0, 1], []], [[], ngrams("rock")], [[0, 0], []])
    embedded = fitted.scorer.query_embedding(asked).numpy()  # type: ignore[attr-defined]
    candidates = fitted.scorer.candidate_embeddings().numpy()  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        fitted.scorer.score(asked), embedded @ candidates.T, rtol=1e-5, atol=1e-5
    )


def test_unknown_tracks_by_a_known_artist(tmp_path: pathlib.Path) -> None:
    # Nobody knows the seeds, but artist 1, whose tracks 3 to 5 are.
    playlists = [("", [0, 1, 2]), ("", [3, 4, 5]), ("", [6, 7, 8])] * 10
    data, vocabularies = training_data(playlists)
    for fold_in in (True, False):
        params = SMALL.model_copy(update={"fold_in": fold_in, "epochs": 0})
        found = fit(data, params, 0, str(tmp_path))
        assert found.scorer.uses_artists
        recommended = best(found, query([[]], artists=[[1, 1]]), 3)[0]
        assert set(recommended) == {track(n, vocabularies) for n in (3, 4, 5)}


def test_a_rare_track_gains_by_its_artist(tmp_path: pathlib.Path) -> None:
    # Track 2 was seen once, in odd company, but artist 0's tracks 0 and 1 go with 9 and 12.
    playlists = [("", [0, 1, 9, 12])] * 20 + [("", [2, 15, 18]), ("", [21, 24])] * 3
    data, vocabularies = training_data(playlists)
    ranks = []
    for share in (0.0, 0.5):
        start = SMALL.start.model_copy(update={"artist_share": share})
        params = SMALL.model_copy(update={"start": start, "epochs": 0})
        found = fit(data, params, 0, str(tmp_path))
        scores = found.scorer.score(query([[track(9, vocabularies)]])).numpy()[0]
        ranks.append(scores[track(2, vocabularies)])
    assert ranks[1] > ranks[0]


def test_without_artists_it_says_so(tmp_path: pathlib.Path) -> None:
    start = SMALL.start.model_copy(update={"artist_weight": 0.0})
    found = fit(DATA, SMALL.model_copy(update={"start": start}), 0, str(tmp_path))
    assert not found.scorer.uses_artists


@pytest.mark.parametrize(("bias", "sign"), [(0.5, 1), (-0.5, -1)])
def test_popularity_bias(bias: float, sign: int, tmp_path: pathlib.Path) -> None:
    untrained = SMALL.model_copy(update={"epochs": 0})
    plain = fit(DATA, untrained, 0, str(tmp_path))
    biased = fit(DATA, untrained.model_copy(update={"popularity_bias": bias}), 0, str(tmp_path))
    asked = query([[3], []], [[], ngrams("rock")])
    difference = biased.scorer.score(asked).numpy() - plain.scorer.score(asked).numpy()
    # The most frequent track has the id 0, and gets all of it.
    counts = DATA.catalogue.counts
    expected = bias * np.log(counts) / np.log(counts.max())
    np.testing.assert_allclose(difference, np.tile(expected, (2, 1)), atol=1e-5)
    assert sign * difference[0, 0] == pytest.approx(0.5)
    assert biased.scorer.candidate_embeddings().shape == (80, 9)  # type: ignore[attr-defined]


def test_tiny_data(tmp_path: pathlib.Path) -> None:
    data, _ = training_data([("one", [0])])
    found = fit(data, SMALL, 0, str(tmp_path))
    assert found.scorer.score(query([[0], []])).shape == (2, 1)
    assert np.isfinite(found.scorer.score(query([[0], []])).numpy()).all()


def test_without_epochs_to_choose_stop_is_like_train(tmp_path: pathlib.Path) -> None:
    params = SMALL.model_copy(update={"epochs": 0})
    with_some = dataclasses.replace(DATA, stop=np.arange(20))
    first = fit(with_some, params, 0, str(tmp_path))
    second = fit(DATA, params, 0, str(tmp_path))
    asked = query([[0, 1]])
    np.testing.assert_array_equal(first.scorer.score(asked), second.scorer.score(asked))
    assert first.chosen == {}


@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_a_second_model_is_averaged_with_the_first(tmp_path: pathlib.Path, bias: float) -> None:
    closed = SMALL.model_copy(update={"epochs": 0, "popularity_bias": bias})
    both = closed.model_copy(update={"second_factors": 4})
    asked = query([[track(0), track(3)], [], []], ngrams=[[], ngrams("rock"), []])
    found = fit(DATA, both, 5, str(tmp_path)).scorer
    assert found.candidate_embeddings().shape == [80, 8 + 4 + (bias > 0)]
    first = fit(DATA, closed, 5, str(tmp_path)).scorer.score(asked)
    smaller = closed.model_copy(update={"factors": 4})
    second = fit(DATA, smaller, 5 + model._OTHER_SEED, str(tmp_path)).scorer.score(asked)
    assert not np.allclose(first, second)
    np.testing.assert_allclose(found.score(asked), (first + second) / 2, rtol=1e-4, atol=1e-5)
    products = tf.matmul(
        found.query_embedding(asked), found.candidate_embeddings(), transpose_b=True
    )
    np.testing.assert_allclose(found.score(asked), products, rtol=1e-4, atol=1e-5)


def test_the_second_model_takes_gradient_steps_too(tmp_path: pathlib.Path) -> None:
    both = SMALL.model_copy(update={"second_factors": 4, "learning_rate": 1e-2})
    trained = fit(DATA, both, 0, str(tmp_path / "trained")).scorer.candidate_embeddings()
    solved = fit(DATA, both.model_copy(update={"epochs": 0}), 0, str(tmp_path / "solved")).scorer
    moved = np.abs(trained - solved.candidate_embeddings()).max(axis=0)
    assert (moved > 1e-4).all()

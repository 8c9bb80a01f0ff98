from __future__ import annotations

import math

import numpy as np
import pytest

from models.families.two_stage.examples import Examples
from models.families.two_stage.features import NAMES
from models.families.two_stage.params import RankingParams
from models.families.two_stage.ranker import HitsAgainstOthers
from models.families.two_stage.training import choose_epochs, ndcg, teach

PARAMS = RankingParams(epochs=6, hidden=(8,), batch_size=8, learning_rate=0.02)


def artists_matter(playlists: int, seed: int) -> Examples:
    """Ten candidates with random scores; relevant are the two by an artist of the seeds."""
    generator = np.random.default_rng(seed)
    features = generator.standard_normal((playlists, 10, len(NAMES))).astype(np.float32)
    score = NAMES.index("score")
    features[:, :, score] = -np.sort(-features[:, :, score], axis=1)
    relevant = np.zeros((playlists, 10), np.float32)
    for row in range(playlists):
        relevant[row, generator.choice(10, 2, replace=False)] = 1
    features[:, :, NAMES.index("artist_share")] = relevant
    return Examples(features, relevant, np.zeros_like(relevant), np.full(playlists, 2, np.int32))


def test_learns_what_the_score_does_not_say() -> None:
    network, history = teach(artists_matter(200, 0), PARAMS, 7, 6, artists_matter(50, 1))
    unseen = artists_matter(50, 2)
    assert ndcg(unseen, network(unseen.features).numpy()) > 0.95
    assert [row["epoch"] for row in history] == list(range(len(history)))
    assert [row["step"] for row in history] == [25 * epoch for epoch in range(len(history))]
    assert "loss" not in history[0]
    assert history[-1]["loss"] < history[1]["loss"]
    assert history[-1]["stop_ndcg"] > history[0]["stop_ndcg"]


def test_begins_as_the_first_stage_does() -> None:
    examples = artists_matter(40, 0)
    _, history = teach(examples, PARAMS, 7, 1, examples)
    # Candidates come best first.
    descending = -np.arange(10.0)[np.newaxis].repeat(40, axis=0)
    assert history[0]["stop_ndcg"] == pytest.approx(ndcg(examples, descending))


def test_goes_on_without_others_to_watch() -> None:
    _, history = teach(artists_matter(40, 0), PARAMS, 7, 4)
    assert len(history) == 1 + 4
    assert all("stop_ndcg" not in row for row in history)


def test_stops_early_and_the_best_epoch_is_chosen() -> None:
    # What is relevant to the others is what training teaches to put last: every epoch is worse.
    learnt, others = artists_matter(100, 0), artists_matter(50, 1)
    others.features[:, :, NAMES.index("artist_share")] = 1 - others.relevant
    params = PARAMS.model_copy(update={"patience": 2, "epochs": 50})
    chosen = choose_epochs(learnt, others, params, 7)
    values = [row["stop_ndcg"] for row in chosen.history]
    assert len(values) < 50
    assert values[0] > max(values[1:]), "the first stage's own order is no epoch to choose"
    assert values[chosen.epochs] == max(values[1:])
    # The network is that of this epoch, not of the later ones that showed it to be the best.
    scores = chosen.network(others.features).numpy()
    assert ndcg(others, scores) == pytest.approx(values[chosen.epochs])


def test_the_rate_falls_over_the_epochs_that_are_run() -> None:
    examples = artists_matter(40, 0)
    short = PARAMS.model_copy(update={"epochs": 3})
    chosen, whole = (teach(examples, params, 7, 3)[0] for params in (PARAMS, short))
    np.testing.assert_array_equal(chosen(examples.features), whole(examples.features))
    longer, _ = teach(examples, PARAMS, 7, 6)
    assert not np.array_equal(longer(examples.features), whole(examples.features))


def test_the_seed_decides() -> None:
    examples = artists_matter(40, 0)
    first, second = (teach(examples, PARAMS, 7, 6)[0](examples.features) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = teach(examples, PARAMS, 8, 6)[0](examples.features)
    assert not np.array_equal(first, other)


def test_ndcg_by_hand() -> None:
    # Two withheld, one of them a candidate, at rank 2: 1 / log2(3) over 1 + 1 / log2(3).
    examples = Examples(
        np.zeros((1, 3, len(NAMES)), np.float32),
        np.array([[0, 1, 0]], np.float32),
        np.zeros((1, 3), np.float32),
        np.array([2], np.int32),
    )
    gain = 1 / math.log2(3)
    assert ndcg(examples, np.array([[3.0, 2.0, 1.0]])) == pytest.approx(gain / (1 + gain))
    assert ndcg(examples, np.array([[1.0, 2.0, 1.0]])) == pytest.approx(1 / (1 + gain))


def test_examples_without_a_hit_teach_nothing() -> None:
    relevant = np.array([[0, 1], [0, 0]], np.float32)
    nothing = np.zeros((2, 2, len(NAMES)), np.float32)
    examples = Examples(nothing, relevant, np.zeros_like(relevant), np.array([1, 3]))
    assert examples.select(examples.teaches).num_withheld.tolist() == [1]


def test_what_is_no_candidate_neither_teaches_nor_counts() -> None:
    # Of three places the first holds a seed: without it the hit is at rank 1 of 1 withheld.
    relevant = np.array([[-1, 1, 0]], np.float32)
    nothing = np.zeros((1, 3, len(NAMES)), np.float32)
    examples = Examples(nothing, relevant, np.zeros_like(relevant), np.array([1], np.int32))
    assert ndcg(examples, np.array([[9.0, 2.0, 1.0]])) == pytest.approx(1)
    scores = np.array([[9.0, 2.0, 1.0]], np.float32)
    with_it, without = (HitsAgainstOthers()(relevant[:, at:], scores[:, at:]) for at in (0, 1))
    assert float(with_it) == pytest.approx(float(without))


def test_the_loss_by_hand() -> None:
    # Two hits, at 2 and 0, against others that score log 1 and log 3 and so weigh 4 together.
    relevant = np.array([[1, 0, 1, 0, -1]], np.float32)
    scores = np.array([[2, 0, 0, math.log(3), 50]], np.float32)
    expected = (math.log(1 + 4 * math.exp(-2)) + math.log(1 + 4)) / math.sqrt(2)
    assert float(HitsAgainstOthers()(relevant, scores)) == pytest.approx(expected)


def test_a_candidate_that_stands_for_three_counts_as_three() -> None:
    network, _ = teach(artists_matter(40, 0), PARAMS, 7, 1)
    once = artists_matter(1, 3)
    last = int(np.flatnonzero(once.relevant[0] == 0)[-1])
    thrice = Examples(
        *(np.concatenate([part, part[:, [last]], part[:, [last]]], axis=1) for part in once[:3]),
        once.num_withheld,
    )
    weights = once.log_weights.copy()
    weights[0, last] = math.log(3)
    weighed = network.compute_loss((once.features, once.relevant, weights))
    repeated = network.compute_loss(tuple(thrice[:3]))
    assert float(weighed) == pytest.approx(float(repeated), rel=1e-5)


def test_examples_with_fewer_candidates_are_filled_up() -> None:
    few, many = artists_matter(2, 0), artists_matter(3, 1)
    fewer = Examples(*(part[:, :8] for part in few[:3]), few.num_withheld)
    joined = Examples.concatenate([fewer, many])
    assert joined.features.shape == (5, 10, len(NAMES))
    assert (joined.relevant[:2, 8:] == -1).all()
    np.testing.assert_array_equal(joined.relevant[2:], many.relevant)

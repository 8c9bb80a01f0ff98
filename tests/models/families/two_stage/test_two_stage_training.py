from __future__ import annotations

import math

import numpy as np
import pytest

from models.families.two_stage.examples import Examples
from models.families.two_stage.features import NAMES
from models.families.two_stage.params import RankingParams
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
    return Examples(features, relevant, np.full(playlists, 2, np.int32))


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
    epochs, history = choose_epochs(learnt, others, params, 7)
    values = [row["stop_ndcg"] for row in history]
    assert len(values) < 50
    assert values[0] > max(values[1:]), "the first stage's own order is no epoch to choose"
    assert values[epochs] == max(values[1:])


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
        np.array([2], np.int32),
    )
    gain = 1 / math.log2(3)
    assert ndcg(examples, np.array([[3.0, 2.0, 1.0]])) == pytest.approx(gain / (1 + gain))
    assert ndcg(examples, np.array([[1.0, 2.0, 1.0]])) == pytest.approx(1 / (1 + gain))


def test_examples_without_a_hit_teach_nothing() -> None:
    relevant = np.array([[0, 1], [0, 0]], np.float32)
    examples = Examples(np.zeros((2, 2, len(NAMES)), np.float32), relevant, np.array([1, 3]))
    assert examples.select(examples.teaches).num_withheld.tolist() == [1]


def test_what_is_no_candidate_neither_teaches_nor_counts() -> None:
    # Of three places the first holds a seed: without it the hit is at rank 1 of 1 withheld.
    relevant = np.array([[-1, 1, 0]], np.float32)
    examples = Examples(np.zeros((1, 3, len(NAMES)), np.float32), relevant, np.array([1], np.int32))
    assert ndcg(examples, np.array([[9.0, 2.0, 1.0]])) == pytest.approx(1)
    network, _ = teach(artists_matter(40, 0), PARAMS, 7, 6)
    learnt = artists_matter(8, 3)
    masked = np.concatenate([learnt.relevant[:, :9], np.full((8, 1), -1, np.float32)], axis=1)
    shorter = (learnt.features[:, :9], learnt.relevant[:, :9])
    rows = masked.max(axis=1) > 0
    with_mask = network.compute_loss((learnt.features[rows], masked[rows]))
    without = network.compute_loss((shorter[0][rows], shorter[1][rows]))
    assert float(with_mask) == pytest.approx(float(without), rel=1e-5)

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.families.two_tower.loss import Sample, full_softmax_loss, sampled_softmax_loss
from tests.models.training_fixture import query


def ids(rows: list[list[int]]) -> tf.RaggedTensor:
    return query(rows).track_ids


def test_by_hand() -> None:
    # Row 0: logits 1, 2, 0 and a seed: log(e + e^2 + 1) - (1 + 2) / 2. Row 1: logits 0, 0, 0, 0
    # and one target: log 4. Row 2 has no targets and counts nothing.
    candidates = tf.constant([[1.0], [2.0], [0.0], [9.0]])
    queries = tf.constant([[1.0], [0.0], [5.0]])
    seeds, targets = ids([[3], [], [0]]), ids([[0, 1], [2], []])
    expected = (np.log(np.e + np.e**2 + 1) - 1.5 + np.log(4)) / 2
    np.testing.assert_allclose(
        full_softmax_loss(queries, candidates, seeds, targets), expected, rtol=1e-5
    )


def _random(rows: int, tracks: int, width: int) -> tuple[tf.Variable, tf.Variable]:
    generator = np.random.default_rng(2)
    return (
        tf.Variable(generator.standard_normal((rows, width)).astype(np.float32)),
        tf.Variable(generator.standard_normal((tracks, width)).astype(np.float32)),
    )


def _plain_loss(
    queries: tf.Variable, candidates: tf.Variable, seeds: list, targets: list
) -> tf.Tensor:
    """The same, spelled out and differentiated by TensorFlow."""
    total = tf.constant(0.0)
    counted = [row for row in range(len(targets)) if targets[row]]
    for row in counted:
        kept = [track for track in range(candidates.shape[0]) if track not in seeds[row]]
        logits = tf.linalg.matvec(candidates, queries[row])
        hits = tf.reduce_mean(tf.gather(logits, targets[row]))
        total += tf.reduce_logsumexp(tf.gather(logits, kept)) - hits
    return total / len(counted)


SEEDS: list[list[int]] = [[0, 3], [], [5], [1]]
TARGETS: list[list[int]] = [[1, 2, 4], [0], [], [6, 0]]


def test_full_gradients_equal_automatic_ones() -> None:
    queries, candidates = _random(4, 7, 3)
    with tf.GradientTape(persistent=True) as tape:
        ours = 3.0 * full_softmax_loss(queries, candidates, ids(SEEDS), ids(TARGETS))
        plain = 3.0 * _plain_loss(queries, candidates, SEEDS, TARGETS)
    np.testing.assert_allclose(ours, plain, rtol=1e-5)
    for variable in (queries, candidates):
        np.testing.assert_allclose(
            tape.gradient(ours, variable), tape.gradient(plain, variable), rtol=1e-5, atol=1e-6
        )


def _sampled(
    queries: tf.Tensor, candidates: tf.Tensor, sample: list[int], expected: list[float]
) -> tf.Tensor:
    targets = ids(TARGETS)
    return sampled_softmax_loss(
        queries,
        Sample(tf.constant(sample, tf.int64), tf.gather(candidates, sample), tf.constant(expected)),
        tf.gather(candidates, targets.flat_values),
        ids(SEEDS),
        targets,
    )


def test_a_sample_of_everything_is_the_full_softmax() -> None:
    queries, candidates = _random(4, 7, 3)
    everything = [6, 2, 0, 1, 5, 4, 3]
    with tf.GradientTape(persistent=True) as tape:
        full = full_softmax_loss(queries, candidates, ids(SEEDS), ids(TARGETS))
        sampled = _sampled(queries, candidates, everything, [1.0] * 7)
    np.testing.assert_allclose(sampled, full, rtol=1e-5)
    for variable in (queries, candidates):
        np.testing.assert_allclose(
            tf.convert_to_tensor(tape.gradient(sampled, variable)),
            tape.gradient(full, variable),
            rtol=1e-5,
            atol=1e-6,
        )


def test_rare_samples_stand_for_many() -> None:
    # Tracks 5 and 6 alone are drawn, each with probability 1 / 2: their exponentials count twice.
    queries, candidates = _random(4, 7, 3)
    found = _sampled(queries, candidates, [5, 6], [0.5, 0.5])
    logits = candidates.numpy() @ queries.numpy().T
    expected = []
    for row in (0, 1, 3):
        others = [track for track in (5, 6) if track not in TARGETS[row] + SEEDS[row]]
        total = np.exp(logits[TARGETS[row], row]).sum() + 2 * np.exp(logits[others, row]).sum()
        expected.append(np.log(total) - logits[TARGETS[row], row].mean())
    np.testing.assert_allclose(found, np.mean(expected), rtol=1e-5)


def test_nothing_to_learn_from_is_zero_and_finite() -> None:
    queries, candidates = _random(2, 7, 3)
    empty = ids([[], []])
    with tf.GradientTape() as tape:
        loss = full_softmax_loss(queries, candidates, empty, empty)
    assert float(loss) == 0
    assert np.abs(tape.gradient(loss, candidates)).max() == 0
    sample = Sample(tf.constant([1], tf.int64), candidates[1:2], tf.constant([1.0]))
    assert float(sampled_softmax_loss(queries, sample, candidates[:0], empty, empty)) == 0


def test_large_logits_stay_finite() -> None:
    queries, candidates = tf.constant([[1000.0]]), tf.constant([[1.0], [-1.0], [0.5]])
    loss = full_softmax_loss(queries, candidates, ids([[]]), ids([[1]]))
    np.testing.assert_allclose(loss, 2000.0)

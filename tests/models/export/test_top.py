"""The best of many scores, beside `tf.math.top_k` over all of them."""

import numpy as np
import pytest
import tensorflow as tf

from models.export.top import top

COUNT = 5
# Two steps are taken from 16 blocks of 32 for each of the best on.
MANY = 16 * 32 * COUNT


def check(scores: np.ndarray) -> None:
    expected = tf.math.top_k(scores, COUNT)
    values, places = top(tf.constant(scores, tf.float32), COUNT)
    assert places.numpy().tolist() == expected.indices.numpy().tolist()
    assert values.numpy().tolist() == expected.values.numpy().tolist()


@pytest.mark.parametrize("size", [MANY - 1, MANY, MANY + 1, MANY + 31, MANY + 32])
@pytest.mark.parametrize("different", [3, 10**6])
def test_scores_and_places_are_those_of_one_step(size, different):
    """With few different scores nearly everything ties."""
    generator = np.random.default_rng(size)
    check(generator.integers(different, size=(4, size)).astype(np.float32))


def test_all_the_best_in_one_block_or_behind_the_last():
    scores = np.zeros((3, MANY + 7), np.float32)
    scores[0, 64:96] = np.arange(32)
    scores[1, -7:] = np.arange(7)
    scores[2, MANY - 2 : MANY + 2] = 1
    check(scores)


def test_fewer_scores_than_wanted_are_there():
    scores = np.full((2, MANY + 3), -np.inf, np.float32)
    scores[1, [MANY + 2, 40, 7]] = [1, 2, 2]
    check(scores)


def test_no_rows_and_a_size_that_is_not_known_before():
    assert top(tf.zeros([0, MANY]), COUNT)[1].shape == (0, COUNT)
    traced = tf.function(lambda scores: top(scores, COUNT), autograph=False)
    concrete = traced.get_concrete_function(tf.TensorSpec([None, None], tf.float32))
    assert concrete(tf.constant([[1.0, 3, 2, 3, 0, 4]]))[1].numpy().tolist() == [[5, 1, 3, 2, 0]]

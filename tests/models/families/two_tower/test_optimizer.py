from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.families.two_tower.optimizer import LazyAdam


def _run(optimizer: tf.keras.optimizers.Optimizer, gradients: list) -> np.ndarray:
    variable = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for gradient in gradients:
        optimizer.apply_gradients([(gradient, variable)])
    return variable.numpy()


def test_dense_steps_equal_keras() -> None:
    generator = np.random.default_rng(0)
    gradients = [
        tf.constant(generator.standard_normal((3, 2)).astype(np.float32)) for _ in range(5)
    ]
    ours = _run(LazyAdam(0.1), gradients)
    np.testing.assert_allclose(ours, _run(tf.keras.optimizers.Adam(0.1), gradients), rtol=1e-4)


def test_sparse_steps_equal_dense_ones_where_every_row_is_read() -> None:
    generator = np.random.default_rng(1)
    dense = [generator.standard_normal((3, 2)).astype(np.float32) for _ in range(4)]
    # Rows out of order, and row 0 read twice.
    sparse = [
        tf.IndexedSlices(
            tf.constant(np.stack([values[2], values[0] / 2, values[1], values[0] / 2])),
            tf.constant([2, 0, 1, 0]),
            tf.constant([3, 2]),
        )
        for values in dense
    ]
    expected = _run(LazyAdam(0.1), [tf.constant(values) for values in dense])
    np.testing.assert_allclose(_run(LazyAdam(0.1), sparse), expected, rtol=1e-4)


def test_rows_that_are_not_read_stay() -> None:
    first = tf.IndexedSlices(tf.constant([[1.0, 1.0]]), tf.constant([1]), tf.constant([3, 2]))
    second = tf.IndexedSlices(tf.constant([[1.0, 1.0]]), tf.constant([0]), tf.constant([3, 2]))
    once = _run(LazyAdam(0.1), [first])
    np.testing.assert_array_equal(once[[0, 2]], [[1, 2], [5, 6]])
    # Keras' own would move row 1 on by its momentum.
    np.testing.assert_array_equal(_run(LazyAdam(0.1), [first, second])[1], once[1])


def test_follows_a_schedule() -> None:
    schedule = tf.keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.1, 0.0])
    gradient = tf.ones([3, 2])
    np.testing.assert_allclose(
        _run(LazyAdam(schedule), [gradient, gradient]), _run(LazyAdam(0.1), [gradient]), rtol=1e-6
    )

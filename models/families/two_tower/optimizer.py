"""Adam that touches only the rows of a table that a step has read."""

from __future__ import annotations

import tensorflow as tf


class LazyAdam(tf.keras.optimizers.Adam):
    """Adam (Kingma and Ba, 2015), lazy where the gradient is sparse.

    Rows of a table without a gradient keep their moments and their place; Keras' own would move
    every row of a table of millions at every step. Dense gradients take the usual step, in one
    fused operation.
    """

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: tf.Variable) -> None:
        """Applies one gradient; called by Keras."""
        rate = tf.cast(tf.identity(self.learning_rate), variable.dtype)
        step = tf.cast(self.iterations + 1, variable.dtype)
        beta_1, beta_2 = (tf.cast(beta, variable.dtype) for beta in (self.beta_1, self.beta_2))
        index = self._index_dict[self._var_key(variable)]
        first, second = self._momentums[index], self._velocities[index]
        if not isinstance(gradient, tf.IndexedSlices):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=tf.pow(beta_1, step),
                beta2_power=tf.pow(beta_2, step),
                lr=rate,
                beta1=beta_1,
                beta2=beta_2,
                epsilon=tf.cast(self.epsilon, variable.dtype),
                grad=gradient,
            )
            return
        # Keras has summed the gradients of a row that was read more than once.
        rows, values = gradient.indices, gradient.values
        first_rows = beta_1 * tf.gather(first, rows) + (1.0 - beta_1) * values
        second_rows = beta_2 * tf.gather(second, rows) + (1.0 - beta_2) * tf.square(values)
        corrected = rate * tf.sqrt(1.0 - tf.pow(beta_2, step)) / (1.0 - tf.pow(beta_1, step))
        first.scatter_update(tf.IndexedSlices(first_rows, rows))
        second.scatter_update(tf.IndexedSlices(second_rows, rows))
        change = corrected * first_rows / (tf.sqrt(second_rows) + self.epsilon)
        variable.scatter_sub(tf.IndexedSlices(change, rows))

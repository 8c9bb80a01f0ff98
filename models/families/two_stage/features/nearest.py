"""How near a candidate is to single seeds, rather than to the playlist as a whole."""

from __future__ import annotations

import tensorflow as tf

from models.families.two_stage.features.candidates import Found, Group, Shown

# Of the seeds, how many count as the last ones.
_LAST = 5


class Nearest(Group):
    """Cosines to seeds.

    `nearest_seed` is the largest cosine between the vectors of the candidate and of a seed,
    `last_seeds` the mean over the last 5; both 0 without known seeds. No tensors: the vectors are
    the first stage's own.
    """

    names = ("nearest_seed", "last_seeds")

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        cosines = tf.matmul(found.vectors, shown.seed_vectors, transpose_b=True)
        last = tf.minimum(tf.shape(cosines)[1], _LAST)
        sums = tf.reduce_sum(cosines[:, -_LAST:], axis=1)
        has_seeds = last > 0
        return {
            "nearest_seed": tf.where(has_seeds, tf.reduce_max(cosines, axis=1), 0.0),
            "last_seeds": sums / tf.cast(tf.maximum(last, 1), tf.float32),
        }

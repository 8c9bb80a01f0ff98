"""What the first stage says: its score, and how much it had to go by."""

from __future__ import annotations

import tensorflow as tf

from models.families.two_stage.features.candidates import Found, Group, Shown, logarithm

# Keeps a quotient finite.
_LEAST = 1e-3


class FirstStage(Group):
    """Score, its logarithm, its share of the best, and what kind of playlist it is.

    `score` is the first stage's, s; `relative_score` is s / b and `best_score` log b with b the
    mean of the best. Its rank is none of them: two candidates whose scores differ by float error
    change places with the batch, and answers would depend on it. The share of known seeds,
    `known_share`, is (known seeds) / (known artists of seeds), at most 1. `title_cosine` is the
    cosine of the vector that the first stage makes of the title alone with the candidate's. No
    tensors.
    """

    names = (
        "score",
        "log_score",
        "relative_score",
        "best_score",
        "num_seeds",
        "known_share",
        "has_title",
        "title_cosine",
    )

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        num_seeds = tf.cast(tf.size(shown.artist_ids), tf.float32)
        num_known = tf.cast(tf.size(shown.track_ids), tf.float32)
        # The first dimensions are those of tracks.
        title = tf.math.l2_normalize(shown.title_vector[: tf.shape(found.vectors)[1]])
        return {
            "score": found.scores,
            "log_score": logarithm(found.scores),
            "relative_score": found.scores / tf.maximum(found.best_score, _LEAST),
            "best_score": logarithm(found.best_score),
            "num_seeds": tf.math.log1p(num_seeds),
            "known_share": tf.minimum(num_known / tf.maximum(num_seeds, 1.0), 1.0),
            "has_title": tf.cast(shown.has_title, tf.float32),
            "title_cosine": tf.linalg.matvec(found.vectors, title),
        }

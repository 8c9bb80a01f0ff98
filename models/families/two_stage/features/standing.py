"""How a candidate stands among those of its own artist."""

from __future__ import annotations

import tensorflow as tf

from models.families.two_stage.features.candidates import Found, Group, Shown, logarithm

# Keeps a quotient finite.
_LEAST = 1e-3


class Standing(Group):
    """The candidate's score beside those of its artist's other candidates.

    With r the first stage's scores divided by the mean of the best, and C_a all candidates by the
    artist: `artist_best` is log max r over C_a, `behind_artist_best` r less that maximum, and
    `artist_sum` log of the sum of max(r, 0)^2. A candidate of an unknown artist stands alone. Near
    ties may change places without changing any of these. No tensors.
    """

    names = ("artist_best", "behind_artist_best", "artist_sum")

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        del shown
        shares = found.all_scores / tf.maximum(found.best_score, _LEAST)
        # Each of the unknown is somebody else: below 0, and none twice.
        nobody = -1 - tf.range(tf.size(shares, tf.int64), dtype=tf.int64)
        known = found.all_artist_ids >= 0
        artists, which = tf.unique(tf.where(known, found.all_artist_ids, nobody))
        best = tf.math.unsorted_segment_max(shares, which, tf.size(artists))
        sums = tf.math.unsorted_segment_sum(
            tf.square(tf.maximum(shares, 0.0)), which, tf.size(artists)
        )
        at = tf.gather(which, found.places)
        return {
            "artist_best": logarithm(tf.gather(best, at)),
            "behind_artist_best": tf.gather(shares, found.places) - tf.gather(best, at),
            "artist_sum": logarithm(tf.gather(sums, at)),
        }

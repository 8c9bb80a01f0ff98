"""Puts tracks whose scores are more than a dot product among those that an index has found."""

from __future__ import annotations

from typing import Final

import tensorflow as tf

from models.contract import Additions, DotProductScorer
from models.rows import contains

_NONE: Final = float("-inf")


def with_additions(
    found: tuple[tf.Tensor, tf.Tensor],
    scorer: DotProductScorer,
    vectors: tf.Tensor,
    additions: Additions,
    seeds: tf.RaggedTensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Scores those tracks by themselves, wherever the index has looked.

    So they are all considered, and of the other tracks the index misses no more than without them.

    Args:
        found: scores float32 [R, K] and ids int32 [R, K], as the index answers.
        scorer: of the tracks.
        vectors: float32 [R, d], of the queries.
        additions: to the scores of a few tracks each.
        seeds: int64 ragged [R, (S)], ids that are not to be found.

    Returns:
        As `found`; of equal scores the lower id first.
    """
    scores, ids = found
    count = scores.shape[1]
    products = scorer.products(vectors, additions.ids)
    full = products.with_flat_values(products.flat_values + additions.values.flat_values)
    added, own = additions.ids.to_tensor(-1), full.to_tensor(_NONE)
    usable = tf.math.is_finite(own) & (added >= 0) & ~contains(seeds, added)
    named = additions.ids.with_flat_values(tf.cast(additions.ids.flat_values, tf.int64))
    scores = tf.where(contains(named, ids), _NONE, scores)
    scores = tf.concat([scores, tf.where(usable, own, _NONE)], axis=1)
    ids = tf.concat([ids, tf.maximum(added, 0)], axis=1)
    order = tf.argsort(ids, axis=1, stable=True)  # Of equal scores the first is taken.
    scores, ids = (tf.gather(each, order, batch_dims=1) for each in (scores, ids))
    scores, best = tf.math.top_k(scores, count)
    return scores, tf.gather(ids, best, batch_dims=1)

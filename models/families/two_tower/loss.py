"""The softmax over the catalogue, whole or sampled, with a playlist's other tracks as targets."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from models.rows import row_ids

# Low enough that exp() of it is 0, and finite, so that no 0 * inf arises.
_MASKED = -1e9


def _row_weights(targets: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Weights of rows, 1 / the number of rows with targets, and of targets, equal in a row."""
    lengths = tf.cast(targets.row_lengths(), tf.float32)
    has_targets = tf.cast(lengths > 0, tf.float32)
    rows = has_targets / tf.maximum(tf.reduce_sum(has_targets), 1.0)
    return rows, tf.gather(rows / tf.maximum(lengths, 1.0), row_ids(targets))


def _pairs(ids: tf.RaggedTensor) -> tf.Tensor:
    """The (row, id) pairs of a ragged tensor, int64 [n, 2]."""
    return tf.stack([tf.cast(row_ids(ids), tf.int64), ids.flat_values], axis=1)


def full_softmax_loss(
    queries: tf.Tensor, candidates: tf.Tensor, seeds: tf.RaggedTensor, targets: tf.RaggedTensor
) -> tf.Tensor:
    """Cross-entropy between softmax(q . c) over all N tracks but the seeds, and the targets.

    mean over rows of: logsumexp_{j not a seed} q.c_j - mean_{t a target} q.c_t

    One [B, N] matrix is held and turned into its own gradient, where automatic differentiation
    would keep several: at 170,000 tracks that halves a step's time.

    Args:
        queries: float32 [B, d].
        candidates: float32 [N, d].
        seeds: int64 ragged [B, (S)], out of the competition.
        targets: int64 ragged [B, (T)], none of them a seed; a row without any counts nothing.

    Returns:
        float32 scalar.
    """
    row_weights, target_weights = _row_weights(targets)
    seed_pairs, target_pairs = _pairs(seeds), _pairs(targets)

    @tf.custom_gradient
    def loss(queries: tf.Tensor, candidates: tf.Tensor) -> tuple[tf.Tensor, object]:
        logits = tf.matmul(queries, candidates, transpose_b=True)
        logits = tf.tensor_scatter_nd_update(
            logits, seed_pairs, tf.fill(tf.shape(seed_pairs)[:1], _MASKED)
        )
        hits = tf.reduce_sum(tf.gather_nd(logits, target_pairs) * target_weights)
        highest = tf.reduce_max(logits, axis=1)
        shares = tf.nn.softmax(logits)
        # The highest logit's own share is exp(highest - logsumexp): no second pass over [B, N].
        partition = highest - tf.math.log(tf.reduce_max(shares, axis=1))

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            weighed = shares * (upstream * row_weights)[:, tf.newaxis]
            weighed = tf.tensor_scatter_nd_sub(weighed, target_pairs, upstream * target_weights)
            return tf.matmul(weighed, candidates), tf.matmul(weighed, queries, transpose_a=True)

        return tf.reduce_sum(partition * row_weights) - hits, gradient

    return loss(queries, candidates)


class Sample(NamedTuple):
    """Tracks drawn from the catalogue.

    Attributes:
        ids: int64 [K], unique.
        vectors: float32 [K, d].
        expected_counts: float32 [K], how often each was expected to be drawn.
    """

    ids: tf.Tensor
    vectors: tf.Tensor
    expected_counts: tf.Tensor


def sampled_softmax_loss(
    queries: tf.Tensor,
    sample: Sample,
    target_vectors: tf.Tensor,
    seeds: tf.RaggedTensor,
    targets: tf.RaggedTensor,
) -> tf.Tensor:
    """The same with the tracks that are not a target estimated from a sample, shared by all rows.

    logsumexp runs over a row's targets, which are exact, and over the sampled tracks that are
    neither its targets nor its seeds, each with its logit less the log of its expected count (the
    logQ correction; Bengio and Senecal, 2008). So the sum of exponentials is unbiased.

    Args:
        queries: float32 [B, d].
        sample: K tracks.
        target_vectors: float32 [n, d], of the flat values of `targets`.
        seeds: int64 ragged [B, (S)].
        targets: int64 ragged [B, (T)], none of them a seed; a row without any counts nothing.

    Returns:
        float32 scalar.
    """
    row_weights, target_weights = _row_weights(targets)
    rows = row_ids(targets)
    target_logits = tf.reduce_sum(tf.gather(queries, rows) * target_vectors, axis=1)
    logits = tf.matmul(queries, sample.vectors, transpose_b=True)
    logits -= tf.math.log(sample.expected_counts)
    own = tf.concat([seeds, targets], axis=1)
    logits = _mask_own(logits, sample.ids, own)
    highest = tf.stop_gradient(
        tf.maximum(
            tf.reduce_max(logits, axis=1),
            tf.math.unsorted_segment_max(target_logits, rows, tf.shape(queries)[0]),
        )
    )
    total = tf.reduce_sum(tf.exp(logits - highest[:, tf.newaxis]), axis=1)
    total += tf.math.unsorted_segment_sum(
        tf.exp(target_logits - tf.gather(highest, rows)), rows, tf.shape(queries)[0]
    )
    # Only a row without targets and with all of the sample masked has nothing to sum.
    partition = tf.math.log(tf.maximum(total, 1e-30)) + highest
    hits = tf.reduce_sum(target_logits * target_weights)
    return tf.reduce_sum(tf.where(row_weights > 0, partition * row_weights, 0.0)) - hits


def _mask_own(logits: tf.Tensor, ids: tf.Tensor, own: tf.RaggedTensor) -> tf.Tensor:
    """Masks, in logits [B, K] of tracks `ids` [K], those that a row holds itself."""
    order = tf.argsort(ids)
    ordered = tf.gather(ids, order)
    place = tf.searchsorted(ordered, own.flat_values)
    place = tf.minimum(place, tf.size(ids) - 1)
    found = tf.equal(tf.gather(ordered, place), own.flat_values)
    columns = tf.boolean_mask(tf.gather(order, place), found)
    rows = tf.cast(tf.boolean_mask(row_ids(own), found), tf.int32)
    masked = tf.fill(tf.shape(columns), _MASKED)
    return tf.tensor_scatter_nd_update(logits, tf.stack([rows, columns], axis=1), masked)

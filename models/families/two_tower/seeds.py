"""Streams training playlists, each cut into seeds that are shown and targets that are withheld."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from models.contract import Playlists
from models.families.two_tower.params import Params
from models.rows import keep, row_ids


class Cut(NamedTuple):
    """A batch of B cut playlists.

    Attributes:
        seeds: int64 ragged [B, (S)], in playlist order.
        targets: int64 ragged [B, (T)], the other tracks.
        title_ngram_ids: int64 ragged [B, (G)], empty where the title is hidden.
    """

    seeds: tf.RaggedTensor
    targets: tf.RaggedTensor
    title_ngram_ids: tf.RaggedTensor


def cut_playlists(
    tracks: tf.RaggedTensor, titles: tf.RaggedTensor, params: Params, seed: tf.Tensor
) -> Cut:
    """Cuts playlists as the challenge does: the first or random tracks are seeds, or none.

    Args:
        tracks: int64 ragged [B, (S)], without repeats.
        titles: int64 ragged [B, (G)].
        params: `seed_counts`, `seedless_share`, `random_seeds_share` and `title_share`.
        seed: int64 [2]; the same seed cuts the same way.

    Returns:
        The cut playlists. At most half of the tracks are seeds; without seeds the title is shown.
    """
    lengths = tracks.row_lengths()
    choices = tf.constant(params.seed_counts, tf.int64)
    # One number per use and row, and one per track.
    draws = tf.random.stateless_uniform([4, tracks.nrows()], seed)
    choice = tf.cast(draws[0] * tf.cast(tf.size(choices), tf.float32), tf.int32)
    wanted = tf.minimum(tf.gather(choices, choice), lengths // 2)
    wanted = tf.where(draws[1] < params.seedless_share, tf.zeros_like(wanted), wanted)

    rows = row_ids(tracks)
    starts = tf.gather(tracks.row_starts(), rows)
    position = tf.range(tf.size(rows, out_type=tf.int64)) - starts
    in_order = tf.cast(position, tf.float64) / tf.cast(tf.gather(lengths, rows), tf.float64)
    shuffled = tf.random.stateless_uniform(tf.shape(rows), seed + 1, dtype=tf.float64)
    is_random = tf.gather(draws[2] < params.random_seeds_share, rows)
    keys = tf.cast(rows, tf.float64) + tf.where(is_random, shuffled, in_order)
    order = tf.argsort(keys, stable=True)
    rank = tf.scatter_nd(order[:, tf.newaxis], position, tf.shape(position, out_type=tf.int32))
    is_seed = rank < tf.gather(wanted, rows)

    shows_title = (wanted == 0) | (draws[3] < params.title_share)
    return Cut(
        keep(tracks, is_seed),
        keep(tracks, ~is_seed),
        keep(titles, tf.gather(shows_title, row_ids(titles))),
    )


def training_batches(
    playlists: Playlists, params: Params, seed: int, first_epoch: int = 0
) -> tf.data.Dataset:
    """Streams `Cut`s of all playlists, in a new order and cut again each epoch.

    What an epoch holds follows from the seed and the epoch's number alone, so that training which
    goes on after a crash sees what it would have seen.

    Args:
        playlists: of train.
        params: `batch_size`, `epochs`, and those of `cut_playlists`.
        seed: of the order and the cuts.
        first_epoch: where to begin.

    Returns:
        A dataset of `Cut`s, ceil(len(playlists) / batch_size) an epoch.
    """
    tracks, titles = playlists.track_ids.to_tensor(), playlists.title_ngram_ids.to_tensor()
    count = len(playlists)

    @tf.autograph.experimental.do_not_convert
    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        key = tf.stack([tf.constant(seed, tf.int64), number])
        last = tf.constant(count - 1, tf.int64)
        numbered = tf.data.Dataset.range(count).batch(params.batch_size).enumerate()
        # A permutation that is computed place by place, so that nothing is buffered to shuffle.
        return numbered.map(
            tf.autograph.experimental.do_not_convert(
                lambda step, places: (
                    number,
                    step,
                    tf.random.experimental.index_shuffle(places, key, last),
                )
            )
        )

    @tf.autograph.experimental.do_not_convert
    def cut(number: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Cut:
        # Steps of an epoch are far fewer than 2^31, so no two batches share a seed.
        key = tf.stack([tf.constant(seed, tf.int64), number * 2**32 + 2 * step])
        return cut_playlists(tf.gather(tracks, rows), tf.gather(titles, rows), params, key)

    epochs = tf.data.Dataset.range(first_epoch, params.epochs)
    return epochs.flat_map(epoch).map(cut).prefetch(2)

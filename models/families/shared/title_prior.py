"""Scores tracks by a playlist's title alone, for families that learn from tracks only."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.sparse
import tensorflow as tf

from models.contract import Playlists, Query
from models.families.shared.sparse_rows import SparseRows, keep_largest

# So many playlists' worth of popularity are added to those that hold an n-gram.
_SMOOTHING = 30.0
# About how many entries the product of n-grams and tracks has at once.
_BLOCK_ENTRIES = 5_000_000


class TitlePrior(tf.Module):
    """How likely a playlist of this title holds each track.

    With p(t) the share of train's playlists that hold track t, and p(t | g) the same of those
    whose title holds n-gram g, shrunk towards p(t) by s = 30 playlists,

        p(t | g) - p(t) = (count(g, t) - count(g) p(t)) / (count(g) + s)
        score(t) = p(t) + sum_g w(g) (p(t | g) - p(t)) / sum_g w(g)

    over the title's n-grams, where w(g) = 1 + log((P + 1) / (count(g) + 1)) for P playlists. Of
    each n-gram only the largest positive differences are kept.
    """

    def __init__(self, playlists: Playlists, num_ngrams: int, num_tracks: int, max_tracks: int):
        """Counts n-grams and tracks of train.

        Args:
            playlists: train's.
            num_ngrams: size of the title vocabulary.
            num_tracks: N, the size of the catalogue.
            max_tracks: how many tracks an n-gram keeps.
        """
        super().__init__(name="title_prior")
        ngrams = playlists.title_ngram_ids.to_csr(num_ngrams)
        ngrams.data[:] = 1.0
        tracks = playlists.track_ids.to_csr(num_tracks)
        counts = np.asarray(ngrams.sum(axis=0)).ravel()
        total = max(len(playlists), 1)
        popularity = np.asarray(tracks.sum(axis=0)).ravel() / total
        weights = 1.0 + np.log((total + 1.0) / (counts + 1.0))
        self._popularity = tf.Variable(popularity.astype(np.float32), trainable=False)
        self._weights = tf.Variable(weights.astype(np.float32), trainable=False)
        self._rows = SparseRows(_differences(ngrams, tracks, popularity, max_tracks))

    def add_to(self, scores: tf.Tensor, query: Query) -> tf.Tensor:
        """Adds the prior to the scores [B, N] of those queries that have no known seed."""
        rows = tf.where(query.track_ids.row_lengths() == 0)
        seedless = tf.reshape(rows, [-1])
        ngrams = tf.gather(query.title_ngram_ids, seedless)
        weights = ngrams.with_flat_values(tf.gather(self._weights, ngrams.flat_values))
        totals = tf.repeat(tf.reduce_sum(weights, axis=1), ngrams.row_lengths())
        # In these rows alone: passes over the scores of all take a good part of the time.
        prior = tf.gather(scores, seedless) + self._popularity
        prior = self._rows.add_to(prior, ngrams, weights.flat_values / totals)
        return tf.tensor_scatter_nd_update(scores, rows, prior)


def _differences(
    ngrams: scipy.sparse.csr_matrix,
    tracks: scipy.sparse.csr_matrix,
    popularity: np.ndarray,
    max_tracks: int,
) -> scipy.sparse.csr_matrix:
    """Returns p(t | g) - p(t) where positive, [n-grams, N], in blocks of bounded size."""
    by_ngram = ngrams.T.tocsr()
    lengths = np.diff(tracks.indptr)
    entries = np.cumsum(by_ngram @ lengths.astype(np.float64))
    inner = np.flatnonzero(np.diff(entries // _BLOCK_ENTRIES)) + 1
    edges = [0, *inner, by_ngram.shape[0]]
    blocks = [scipy.sparse.csr_matrix((0, tracks.shape[1]), dtype=np.float32)]
    for start, end in itertools.pairwise(edges):
        block = (by_ngram[start:end] @ tracks).tocsr()
        counts = np.diff(by_ngram.indptr[start : end + 1])
        row_counts = np.repeat(counts, np.diff(block.indptr))
        block.data -= (row_counts * popularity[block.indices]).astype(np.float32)
        block.data /= (row_counts + _SMOOTHING).astype(np.float32)
        block.data = np.maximum(block.data, 0)
        block.eliminate_zeros()
        blocks.append(keep_largest(block, max_tracks))
    return scipy.sparse.vstack(blocks, format="csr")

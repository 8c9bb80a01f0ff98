"""How well a candidate's artist goes with the artists of the seeds."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer
from models.data import Catalogue
from models.families.two_stage.features.candidates import (
    Found,
    Group,
    Shown,
    logarithm,
    occurrences,
)

# Of the seeds, how many count as the last ones.
_LAST = 5
# Candidates among which those of the same artist are counted.
_FIRST = 50


class Artists(Group):
    """Seeds by the candidate's artist, all and the last, and what that artist's other tracks say.

    With n seeds by the artist of T in all, and m tracks of the artist in the catalogue:
    `artist_seeds` is log(1 + n), `artist_share` n / T, `log_artist_share` its logarithm,
    `last_artist_seeds` the number among the last 5 seeds, `artist_left` log(1 + max(m - n, 0)),
    `artist_candidates` the artist's number of tracks among the first stage's first, and
    `distinct_artists` the number of different artists of the seeds divided by T. `artist_score` is
    x . a, x being the playlist's vector and a the artist's: the mean of its tracks' vectors, each
    weighed by its number of playlists.

    Tensors: float32 [A, d] and [A + 1]; 230 MB for 300,000 artists and 192 factors.
    """

    names = (
        "artist_seeds",
        "artist_share",
        "log_artist_share",
        "last_artist_seeds",
        "artist_left",
        "artist_candidates",
        "distinct_artists",
        "artist_score",
    )

    def __init__(self, catalogue: Catalogue, num_artists: int, scorer: DotProductScorer):
        """Averages the vectors of each artist's tracks.

        Args:
            catalogue: N tracks.
            num_artists: A.
            scorer: of the catalogue.
        """
        super().__init__(name="artists")
        known = np.flatnonzero(catalogue.artist_ids >= 0)
        owners = catalogue.artist_ids[known]
        tracks = np.bincount(owners, minlength=num_artists + 1).astype(np.float32)
        self._tracks = tf.Variable(tracks, trainable=False, name="artist_tracks")
        self._vectors = tf.Variable(
            _means(scorer, known, owners, catalogue.counts[known], num_artists),
            trainable=False,
            name="artist_vectors",
        )

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        artists = found.artist_ids
        num_seeds = tf.maximum(tf.cast(tf.size(shown.artist_ids), tf.float32), 1.0)
        by_artist = occurrences(artists, shown.artist_ids)
        share = by_artist / num_seeds
        distinct, which = tf.unique(tf.maximum(artists, 0))
        products = tf.linalg.matvec(tf.gather(self._vectors, distinct), shown.vector)
        left = tf.gather(self._tracks, tf.maximum(artists, 0)) - by_artist
        is_known = artists >= 0
        return {
            "artist_seeds": tf.math.log1p(by_artist),
            "artist_share": share,
            "log_artist_share": logarithm(share),
            "last_artist_seeds": occurrences(artists, shown.artist_ids[-_LAST:]),
            "artist_left": tf.math.log1p(tf.where(is_known, tf.maximum(left, 0.0), 0.0)),
            "artist_candidates": occurrences(artists, found.all_artist_ids[:_FIRST]),
            "distinct_artists": tf.cast(tf.size(tf.unique(shown.artist_ids)[0]), tf.float32)
            / num_seeds,
            "artist_score": tf.where(is_known, tf.gather(products, which), 0.0),
        }


def _means(
    scorer: DotProductScorer,
    tracks: np.ndarray,
    owners: np.ndarray,
    counts: np.ndarray,
    num_artists: int,
) -> np.ndarray:
    """Weighted means of tracks' vectors by artist: float32 [max(A, 1), d]."""
    columns = scorer.candidate_embeddings().numpy().T
    size = max(num_artists, 1)
    weights = np.bincount(owners, counts, minlength=size)
    # One factor at a time, so that no second copy of all vectors is made.
    sums = [np.bincount(owners, counts * column[tracks], minlength=size) for column in columns]
    return (np.stack(sums, axis=1) / np.maximum(weights, 1)[:, np.newaxis]).astype(np.float32)

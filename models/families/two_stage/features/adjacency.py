"""Which tracks stand close to each other in playlists."""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.sparse
import tensorflow as tf

from models.contract import Ragged
from models.families.shared.sparse_rows import SparseRows, keep_largest
from models.families.two_stage.features.candidates import Found, Group, Shown, add_up
from models.families.two_stage.features.sources import Sources

# So many places apart are two tracks close.
_REACH: Final = 6
# Of the seeds, how many count as the last ones.
_LAST: Final = 3
# Keeps logarithms finite.
_LEAST: Final = 1e-3
# Playlists whose pairs are counted at once: some 10 million of them.
_PLAYLISTS: Final = 20_000


class Adjacency(Group):
    """How often candidates stand close to the seeds.

    With a(s, c) the sum of 1 / distance over the places at most 6 apart where a playlist holds s
    and c, and |s| the number of playlists that hold s, `adjacent` is log(1/S sum_s a(s, c)
    |s|^-1/2 + .001) over the S seeds, and `adjacent_last` the same over the last 3.

    Tensors: at most k entries of 8 bytes for each track, and no more than 12 for each entry of the
    playlists that are counted: with k = 64, 100,000 playlists and 2.3 million tracks at most
    640 MB. Counting takes up to three times that for a while.
    """

    names = ("adjacent", "adjacent_last")

    def __init__(self, sources: Sources):
        """Counts pairs.

        Args:
            sources: whose playlists are counted.
        """
        super().__init__(name="adjacency")
        rows = sources.some_playlists(sources.params.adjacent_playlists)
        catalogue = sources.data.catalogue
        pairs = adjacency(
            sources.data.train.track_ids.select(rows),
            len(catalogue),
            sources.params.adjacent_tracks,
        )
        pairs.data *= np.repeat(np.maximum(catalogue.counts, 1) ** -0.5, np.diff(pairs.indptr))
        self._rows = SparseRows(pairs)

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        seeds, tracks, values = self._rows.entries(shown.track_ids)
        count = tf.size(shown.track_ids, tf.int64)
        is_last = tf.cast(seeds >= count - _LAST, tf.float32)
        both = add_up(found.ids, tracks, tf.stack([values, values * is_last], axis=1))
        seeds_counted = tf.stack([count, tf.minimum(count, _LAST)])
        means = both / tf.cast(tf.maximum(seeds_counted, 1), tf.float32)
        logarithms = tf.math.log(means + _LEAST)
        return {"adjacent": logarithms[:, 0], "adjacent_last": logarithms[:, 1]}


def adjacency(playlists: Ragged, num_tracks: int, most: int) -> scipy.sparse.csr_matrix:
    """Counts how close tracks stand to each other.

    Args:
        playlists: tracks without repeats, in order.
        num_tracks: N.
        most: entries that a row keeps, the largest.

    Returns:
        float32 [N, N], the sum of 1 / distance over the places where both are at most 6 apart.
    """
    total = scipy.sparse.csr_matrix((num_tracks, num_tracks), dtype=np.float32)
    for start in range(0, len(playlists), _PLAYLISTS):
        rows = np.arange(start, min(start + _PLAYLISTS, len(playlists)))
        total = total + _pairs(playlists.select(rows), num_tracks)
    return keep_largest(total + scipy.sparse.csr_matrix(total.T), most)


def _pairs(playlists: Ragged, num_tracks: int) -> scipy.sparse.csr_matrix:
    """The same, unbounded, each pair counted for the track that comes first alone."""
    tracks, owners = playlists.values, np.repeat(np.arange(len(playlists)), playlists.lengths)
    lefts, rights, weights = [], [], []
    for distance in range(1, _REACH + 1):
        together = owners[distance:] == owners[:-distance]
        lefts.append(tracks[:-distance][together])
        rights.append(tracks[distance:][together])
        weights.append(np.full(together.sum(), 1 / distance, np.float32))
    entries = np.concatenate(weights), (np.concatenate(lefts), np.concatenate(rights))
    return scipy.sparse.csr_matrix(entries, shape=(num_tracks, num_tracks))

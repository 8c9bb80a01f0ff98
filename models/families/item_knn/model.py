"""Item-kNN as a family: the sum of the seeds' similarities to every track."""

from __future__ import annotations

import warnings
from typing import Final

import scipy.sparse
import tensorflow as tf
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, ItemItemRecommender
from implicit.utils import ParameterWarning

from models import progress
from models.contract import Fit, Query, Ragged, Scorer, TrainingData
from models.families.item_knn.params import Params
from models.families.shared.sparse_rows import SparseRows
from models.families.shared.title_prior import TitlePrior

# Tracks that a title's n-gram keeps in the title prior.
_TITLE_TRACKS: Final = 1000


def similarities(playlists: Ragged, num_tracks: int, params: Params) -> scipy.sparse.csr_matrix:
    """Compares every track with every other by the playlists that hold them.

    Cosine is |P_i and P_j| / sqrt(|P_i| |P_j|) for the playlists P_i that hold track i. BM25 is
    sum over p in P_i and P_j of w_i w_j idf_p^2, where idf_p makes long playlists count less and
    w_i, falling with |P_i|, popular tracks (`implicit.nearest_neighbours.bm25_weight`).

    Args:
        playlists: track ids by playlist, without repeats.
        num_tracks: N.
        params: hyperparameters.

    Returns:
        float [N, N]; row i holds the neighbours of track i.
    """
    model: ItemItemRecommender
    if params.similarity == "bm25":
        model = BM25Recommender(params.neighbours, K1=params.bm25_k1, B=params.bm25_b)
    else:
        model = CosineRecommender(params.neighbours)
    progress.report(0, 1, f"{params.similarity} similarities of {num_tracks:,} tracks")
    with warnings.catch_warnings():
        # The library warns of a conversion between its own steps.
        warnings.simplefilter("ignore", ParameterWarning)
        model.fit(playlists.to_csr(num_tracks), show_progress=False)
    progress.report(1, 1, f"{model.similarity.nnz:,} similarities")
    return model.similarity


class ItemKnnScorer(Scorer):
    """Scores each track by the sum of the seeds' similarities to it.

    What no seed is near scores 0, and ids, most frequent first, break the tie.
    """

    def __init__(self, similarity: scipy.sparse.csr_matrix, title_prior: TitlePrior | None = None):
        super().__init__(name="item_knn")
        self.uses_title = title_prior is not None
        self._num_tracks = similarity.shape[1]
        self._rows = SparseRows(similarity)
        self._title_prior = title_prior

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        scores = tf.zeros([query.track_ids.nrows(), self._num_tracks])
        weights = tf.ones_like(query.track_ids.flat_values, tf.float32)
        scores = self._rows.add_to(scores, query.track_ids, weights)
        return scores if self._title_prior is None else self._title_prior.add_to(scores, query)


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Finds every track's neighbours; nothing is random and nothing stops early."""
    del seed, workdir
    num_tracks = len(data.catalogue)
    similarity = similarities(data.train.track_ids, num_tracks, params)
    prior = None
    if params.title_fallback:
        prior = TitlePrior(data.train, data.num_title_ngrams, num_tracks, _TITLE_TRACKS)
    return Fit(ItemKnnScorer(similarity, prior))

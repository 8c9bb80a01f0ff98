"""What the second stage learns from: candidates of held-out playlists, found by the first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models import progress
from models.contract import HeldOutPlaylists, Query, Scorer
from models.export.retrieval import BruteForce
from models.families.two_stage.features import NAMES, CandidateFeatures
from models.families.two_stage.ranker import describe

# Playlists that are scored at once: 32 rows over a catalogue of a million are 128 MB.
_ROWS = 32


class Examples(NamedTuple):
    """M playlists with L candidates each, best first.

    Attributes:
        features: float32 [M, L, F].
        relevant: float32 [M, L], 1 where a candidate was withheld from the playlist, 0 where not,
            and -1 where there is no candidate, as in a catalogue of fewer tracks.
        num_withheld: int32 [M], of withheld tracks, those not among the candidates included.
    """

    features: np.ndarray
    relevant: np.ndarray
    num_withheld: np.ndarray

    def select(self, rows: np.ndarray) -> Examples:
        """Some playlists, by a mask bool [M]."""
        return self if rows.all() else Examples(*(part[rows] for part in self))

    @property
    def teaches(self) -> np.ndarray:
        """Which playlists have a withheld track among their candidates: bool [M]."""
        return (self.relevant > 0).any(axis=1)


def find_candidates(
    scorer: Scorer, features: CandidateFeatures, held_out: HeldOutPlaylists, depth: int
) -> Examples:
    """Retrieves candidates for playlists and describes them.

    Args:
        scorer: the first stage.
        features: of its catalogue.
        held_out: playlists with targets.
        depth: L, at most the catalogue's size.

    Returns:
        The examples.
    """
    retriever = BruteForce(scorer)
    rows = tf.RaggedTensorSpec([None, None], tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)

    @tf.function(input_signature=[Query(rows, rows, rows, rows)], autograph=False)
    def candidates(query: Query) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        scores, ids = retriever.best(query, query.track_ids.nrows(out_type=tf.int32), depth)
        return tf.math.is_finite(scores), ids, describe(features, query, scores, ids)

    query = held_out.query()
    number = len(held_out)
    described = np.empty((number, depth, len(NAMES)), np.float32)
    relevant = np.zeros((number, depth), np.float32)
    for start in range(0, number, _ROWS):
        part = Query(*(column[start : start + _ROWS] for column in query))
        there, ids, block = (values.numpy() for values in candidates(part))
        described[start : start + _ROWS] = block
        relevant[start : start + _ROWS] = np.where(there, held_out.hits(ids, start), -1.0)
        progress.report(min(start + _ROWS, number), number, "candidates of playlists")
    return Examples(described, relevant, held_out.num_targets)

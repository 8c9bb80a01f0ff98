"""What the second stage learns from: candidates of held-out playlists, found by the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models import progress
from models.contract import HeldOutPlaylists, Query, Scorer
from models.export.retrieval import BruteForce
from models.families.two_stage.features import CandidateFeatures
from models.families.two_stage.sampling import Sample

# Playlists that are scored at once: 32 rows over a catalogue of a million are 128 MB.
_ROWS = 32


class Examples(NamedTuple):
    """M playlists with K of their candidates each.

    Attributes:
        features: float32 [M, K, F].
        relevant: float32 [M, K], 1 where a candidate was withheld from the playlist, 0 where not,
            and -1 where there is no candidate, as in a catalogue of fewer tracks.
        log_weights: float32 [M, K], the log of how many candidates each stands for.
        num_withheld: int32 [M], of withheld tracks, those not among the candidates included.
    """

    features: np.ndarray
    relevant: np.ndarray
    log_weights: np.ndarray
    num_withheld: np.ndarray

    @classmethod
    def concatenate(cls, parts: Sequence[Examples]) -> Examples:
        """Puts one or more one after another; where some have fewer candidates, none are added."""
        width = max(part.relevant.shape[1] for part in parts)
        columns = zip(*(part._widened(width) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def _widened(self, width: int) -> Examples:
        missing = width - self.relevant.shape[1]
        if not missing:
            return self
        right = [(0, 0), (0, missing)]
        return Examples(
            np.pad(self.features, [*right, (0, 0)]),
            np.pad(self.relevant, right, constant_values=-1),
            np.pad(self.log_weights, right),
            self.num_withheld,
        )

    def select(self, rows: np.ndarray) -> Examples:
        """Some playlists, by a mask bool [M]."""
        return self if rows.all() else Examples(*(part[rows] for part in self))

    @property
    def teaches(self) -> np.ndarray:
        """Which playlists have a withheld track among their candidates: bool [M]."""
        return (self.relevant > 0).any(axis=1)


class CandidateFinder:
    """Retrieves candidates for playlists and describes some of them.

    Its graphs are traced once, for all playlists that it is asked about.
    """

    def __init__(self, scorer: Scorer, features: CandidateFeatures, depth: int):
        """Takes the first stage.

        Args:
            scorer: the first stage.
            features: of its catalogue.
            depth: L, how many to retrieve, at most the catalogue's size.
        """
        retriever = BruteForce(scorer)
        queries = Query.spec()

        @tf.function(input_signature=[queries], autograph=False)
        def retrieved(query: Query) -> tuple[tf.Tensor, tf.Tensor]:
            return retriever.best(query, query.track_ids.nrows(out_type=tf.int32), depth)

        found = [tf.TensorSpec([None, depth], kind) for kind in (tf.float32, tf.int32)]
        places = tf.TensorSpec([None, None], tf.int32)

        @tf.function(input_signature=[queries, *found, places], autograph=False)
        def described(
            query: Query, scores: tf.Tensor, ids: tf.Tensor, places: tf.Tensor
        ) -> tf.Tensor:
            return features.describe(query, scores, ids, places)

        self._retrieved, self._described = retrieved, described

    def examples(
        self, held_out: HeldOutPlaylists, sample: Callable[[np.ndarray], Sample]
    ) -> Examples:
        """Finds candidates of playlists.

        Args:
            held_out: playlists with targets.
            sample: which to describe, of `relevant` float32 [R, L] as in `Examples`.

        Returns:
            The examples, one for each playlist.
        """
        query, number = held_out.query(), len(held_out)
        blocks, samples = [], []
        for start in range(0, number, _ROWS):
            part = Query(*(column[start : start + _ROWS] for column in query))
            scores, ids = self._retrieved(part)
            relevant = held_out.hits(ids.numpy(), start).astype(np.float32)
            drawn = sample(np.where(np.isfinite(scores.numpy()), relevant, np.float32(-1)))
            described = self._described(part, scores, ids, tf.constant(drawn.places))
            blocks.append(described.numpy())
            samples.append(drawn)
            progress.report(min(start + _ROWS, number), number, "candidates of playlists")
        return Examples(
            np.concatenate(blocks),
            np.concatenate([drawn.relevant for drawn in samples]),
            np.concatenate([drawn.log_weights for drawn in samples]),
            held_out.num_targets,
        )

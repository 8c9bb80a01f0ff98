"""What features are made from: training data, and the first stage that was fitted to them."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Query, TrainingData
from models.families.two_stage.params import FeatureParams

# Playlists whose vectors are solved for at once.
_ROWS = 256


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where features come from.

    A playlist that is ranked must not be among the data: its own tracks would give it away.

    Attributes:
        data: what the first stage was fitted to.
        scorer: the first stage.
        tracks: float32 [N, e], a vector of every track, one a row; not copied.
        params: what bounds the features' tables.
        seed: of what is drawn.
    """

    data: TrainingData
    scorer: DotProductScorer
    tracks: tf.Variable
    params: FeatureParams
    seed: int

    def playlist_vectors(self, rows: np.ndarray) -> np.ndarray:
        """The first stage's vectors of playlists that show all they hold: float32 [R, d]."""

        # Outside a graph, one playlist would be solved for after another in Python.
        @tf.function(input_signature=[Query.spec()], autograph=False)
        def embedded(query: Query) -> tf.Tensor:
            return self.scorer.query_embedding(query)

        parts = []
        for start in range(0, len(rows), _ROWS):
            some = self.data.train.select(rows[start : start + _ROWS])
            artists = some.track_ids.map_ids(self.data.catalogue.artist_ids)
            columns = (some.track_ids, artists, some.title_ngram_ids, some.mention_ids)
            query = Query.of_playlists(*(column.to_tensor() for column in columns))
            parts.append(embedded(query).numpy())
        return np.concatenate(parts)

    def some_playlists(self, count: int) -> np.ndarray:
        """Rows of playlists with tracks, all of them or `count` drawn, int64, ascending."""
        rows = np.flatnonzero(self.data.train.track_ids.lengths)
        if len(rows) <= count:
            return rows
        drawn = np.random.default_rng(self.seed).choice(rows, count, replace=False)
        return np.sort(drawn)

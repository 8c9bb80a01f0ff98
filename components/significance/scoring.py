"""A model's recommendations for held-out playlists, as one row of metrics a playlist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from components.significance.numbers import NOTHING, NumberedTracks
from evaluation.metrics import Recommendations
from evaluation.metrics.exposure import SLOTS, ExposureCounts
from evaluation.metrics.registry import METRICS, evaluate
from schema import features
from schema import rows as columns
from schema.model_card import ModelCard
from schema.rows import holdout_hash

_STRING: Final = tf.io.FixedLenFeature([], tf.string, default_value="")
_INTEGER: Final = tf.io.FixedLenFeature([], tf.int64, default_value=0)

#: What is read of a held-out example; its seeds the model's own signature reads.
_FEATURES: Final = {
    features.PID: _STRING,
    features.SCENARIO: _STRING,
    features.NUM_SEEDS: _INTEGER,
    features.NUM_HOLDOUTS: _INTEGER,
    features.HOLDOUT_TRACK_URI: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64),
    features.HOLDOUT_ARTIST: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64),
    features.HOLDOUT_TRAIN_COUNT: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64),
}


class Scored(NamedTuple):
    """What came of a batch of P playlists.

    Attributes:
        rows: the playlist's facts and every metric of `METRICS`, by column.
        recommended: track URIs, bytes [P, K].
        exposure: whose tracks each was shown.
    """

    rows: list[dict[str, Any]]
    recommended: np.ndarray
    exposure: list[ExposureCounts]


class ModelScorer:
    """Loads an exported model once and scores batches of held-out playlists with it."""

    def __init__(self, model_dir: str) -> None:
        """Loads the model.

        Args:
            model_dir: a SavedModel with Segue's signatures.

        Raises:
            ValueError: if the directory holds no model that Segue exported, or one whose card lacks
                sizes.
        """
        card = ModelCard.read(model_dir)
        if card.catalogue_size is None:
            raise ValueError(f"The model card in {model_dir} lacks catalogue_size.")
        #: N, how many tracks the model can recommend.
        self.catalogue_size = card.catalogue_size
        self._train_playlists = card.train_playlists
        self._model = tf.saved_model.load(model_dir)
        self._recommend = self._model.signatures["serving_examples"]
        self._describe = self._model.signatures["track_metadata"]
        self._tracks = NumberedTracks(self._description)

    def score(self, examples: Sequence[bytes]) -> Scored:
        """Scores a batch.

        Args:
            examples: P serialised held-out playlists.
        """
        serialized = tf.constant(list(examples))
        parsed = tf.io.parse_example(serialized, _FEATURES)
        recommended = self._recommend(examples=serialized)["track_uris"].numpy()
        numbers = self._tracks.tracks(recommended)
        withheld_uris = parsed[features.HOLDOUT_TRACK_URI]
        withheld_numbers = withheld_uris.with_flat_values(
            self._tracks.tracks(withheld_uris.flat_values.numpy())
        )
        batch = self._recommendations(numbers, withheld_numbers, parsed)
        values = evaluate(batch, METRICS)
        pids = parsed[features.PID].numpy()
        scenarios = parsed[features.SCENARIO].numpy()
        seeds = parsed[features.NUM_SEEDS].numpy()
        holdouts = parsed[features.NUM_HOLDOUTS].numpy()
        withheld = withheld_uris.to_list()
        unreachable = tf.reduce_sum(
            tf.cast(parsed[features.HOLDOUT_TRAIN_COUNT] == 0, tf.int64), axis=1
        ).numpy()
        rows = [
            {
                columns.PID: pids[index].decode(),
                columns.SCENARIO: scenarios[index].decode(),
                columns.HOLDOUT_HASH: holdout_hash(withheld[index]),
                columns.NUM_SEEDS: int(seeds[index]),
                columns.NUM_HOLDOUTS: int(holdouts[index]),
                columns.LENGTH: int(seeds[index] + holdouts[index]),
                columns.UNREACHABLE: int(unreachable[index]),
                **{name: float(column[index]) for name, column in values.items()},
            }
            for index in range(len(examples))
        ]
        return Scored(rows, recommended, self._exposure(numbers, withheld_numbers, parsed))

    def known(self, track_uris: Sequence[bytes]) -> int:
        """Counts the tracks that the model can recommend.

        Args:
            track_uris: T different URIs.
        """
        playlists, _ = self._description(track_uris)
        return int(np.count_nonzero(playlists))

    def _recommendations(
        self, numbers: np.ndarray, withheld: tf.RaggedTensor, parsed: dict[str, Any]
    ) -> Recommendations:
        artists = parsed[features.HOLDOUT_ARTIST]
        return Recommendations.from_ids(
            numbers,
            (withheld.flat_values.numpy(), withheld.row_splits.numpy()),
            popularity=self._tracks.playlists(numbers) / max(self._train_playlists, 1),
            artists=self._tracks.artists_of(numbers),
            relevant_artists=(
                self._tracks.artists(artists.flat_values.numpy()),
                artists.row_splits.numpy(),
            ),
        )

    def _exposure(
        self, numbers: np.ndarray, withheld: tf.RaggedTensor, parsed: dict[str, Any]
    ) -> list[ExposureCounts]:
        first = numbers[:, :SLOTS]
        artists = self._tracks.artist_names(self._tracks.artists_of(first))
        playlists = np.where(first == NOTHING, -1, self._tracks.playlists(first))
        withheld_artists = parsed[features.HOLDOUT_ARTIST].to_list()
        withheld_playlists = parsed[features.HOLDOUT_TRAIN_COUNT].to_list()
        found = []
        for row, wanted in enumerate(withheld.to_list()):
            counts = ExposureCounts()
            counts.add_list(artists[row], playlists[row])
            counts.add_withheld(
                np.array(withheld_artists[row], object),
                np.array(withheld_playlists[row], np.int64),
                np.isin(wanted, numbers[row]),
            )
            found.append(counts)
        return found

    def _description(self, uris: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        described = self._describe(track_uris=tf.constant(list(uris)))
        return described["playlists"].numpy(), described["artist_name"].numpy()

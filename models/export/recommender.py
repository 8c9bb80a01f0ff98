"""The exported model of every family: raw titles and tracks in, recommended tracks out."""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from models.contract import Catalogue, Query, Scorer
from models.export.histories import Listeners, in_order, known_features
from models.export.queries import QueryBuilder
from models.export.retrieval import BruteForce, Retriever
from models.rows import contains, keep, pad, row_ids, rows_of, window
from models.transform.aligned import first_aligned
from schema import features
from schema.signatures import MAX_RECOMMENDATIONS

# So many of a batch of examples are scored at once, as far as their scores fit into 128 MiB: a
# product of 64 rows reads the catalogue once, where products of 8 rows read it eight times.
_EXAMPLES_PER_STEP: Final = 64
_SCORES_PER_STEP: Final = 2**25

_UNEVEN: Final = "The inputs must have the same number of rows, and streams as many times."
_TEXTS = tf.RaggedTensorSpec([None, None], tf.string, ragged_rank=1, row_splits_dtype=tf.int64)


def num_recommendations(catalogue: Catalogue) -> int:
    """K, how many tracks are recommended.

    Raises:
        ValueError: if the catalogue is empty.
    """
    if not len(catalogue):
        raise ValueError("A model needs at least one track to recommend.")
    return min(MAX_RECOMMENDATIONS, len(catalogue))


class Recommender(tf.Module):
    """Looks up, scores, masks seeds and takes the best, for whichever scorer.

    It scores a fixed number of playlists at once, the last of them empty where need be, and more
    where a batch of examples has more than that. So the memory that a batch needs is bounded. A
    playlist gets the same in any batch, but for rounding: its place in a matrix product may decide
    in which order the processor adds, so scores may differ by some 1e-6 and tracks that tie as
    closely may change places.
    """

    def __init__(
        self,
        scorer: Scorer,
        catalogue: Catalogue,
        queries: QueryBuilder,
        rows_per_step: int,
        retriever: Retriever | None = None,
    ):
        """Puts the parts together.

        Args:
            scorer: scores every track of the catalogue.
            catalogue: N tracks.
            queries: looks up ids of the same catalogue.
            rows_per_step: how many playlists are scored at once; of a bigger batch of examples up
                to 64, if the catalogue is not too large for that.
            retriever: finds the best tracks; by brute force where there is none.

        Raises:
            ValueError: if the catalogue is empty.
        """
        super().__init__(name="recommender")
        self._rows_per_step = rows_per_step
        fitting = min(_EXAMPLES_PER_STEP, _SCORES_PER_STEP // max(len(catalogue), 1))
        self._examples_per_step = max(rows_per_step, fitting)
        self.num_recommendations = num_recommendations(catalogue)
        self._scorer = scorer
        self._retriever = retriever or BruteForce(scorer)
        self._queries = queries
        # Each with "" at the end, for unknown tracks and for places that no candidate fills.
        self._nothing = len(catalogue)
        self._uris = _strings(catalogue.track_uris, "uris")
        self._track_names = _strings(catalogue.track_names, "track_names")
        self._artist_names = _strings(catalogue.artist_names, "artist_names")
        counts = np.append(catalogue.counts, 0).astype(np.int64)
        self._counts = tf.Variable(counts, trainable=False, name="counts")
        popular = np.argsort(-catalogue.counts, kind="stable")
        self._popular_ids = tf.Variable(popular.astype(np.int32), trainable=False)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="name"),
            tf.TensorSpec([None, None], tf.string, name="track_uris"),
        ],
        autograph=False,
    )
    def serving_default(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        """Continues playlists given by title and tracks.

        Args:
            name: string [B], "" where a playlist has none.
            track_uris: string [B, S], padded with ""; S may be 0.

        Returns:
            `track_uris` string [B, K] and `scores` float32 [B, K], best first, K = min(500, N);
            where fewer candidates remain, "" with -inf fills the row. Popular tracks answer a
            playlist without any signal, with the number of train's playlists as score.
        """
        same = tf.debugging.assert_equal(
            tf.shape(name)[0],
            tf.shape(track_uris)[0],
            "`name` and `track_uris` must have the same number of rows.",
        )
        with tf.control_dependencies([same]):
            tracks = rows_of(track_uris)
        unknown = tracks.with_flat_values(tf.zeros_like(tracks.flat_values))
        nothing = Listeners.none(tracks.nrows())
        return self._continue(name, tracks, unknown, nothing, self._rows_per_step)

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False
    )
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Continues playlists given as serialised raw `tf.train.Example`s, string [B].

        Returns:
            As `serving_default`.
        """
        names = (features.NAME, features.TRACK_URI, features.ARTIST_URI, features.ARTIST_NAME)
        kinds = dict.fromkeys(names, tf.string)
        kinds |= {features.LISTENER_SEEN: tf.int64, features.LISTENER_FEATURES: tf.float32}
        parsed = tf.io.parse_example(
            examples,
            {
                name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
                for name, dtype in kinds.items()
            },
        )
        name = parsed[features.NAME].to_tensor(default_value="", shape=[None, 1])[:, 0]
        tracks = parsed[features.TRACK_URI]
        artists = first_aligned(tracks, parsed[features.ARTIST_URI], parsed[features.ARTIST_NAME])
        listeners = Listeners.none(tracks.nrows())._replace(
            is_history=parsed[features.LISTENER_SEEN].row_lengths() > 0,
            features=parsed[features.LISTENER_FEATURES],
        )
        few = tracks.nrows(out_type=tf.int32) <= self._rows_per_step
        size = tf.where(few, self._rows_per_step, self._examples_per_step)
        return self._continue(name, tracks, artists, listeners, size)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.string, name="track_uris"),
            tf.TensorSpec([None, None], tf.int64, name="timestamps"),
            tf.TensorSpec([None, None], tf.float32, name="features"),
            tf.TensorSpec([None, None], tf.string, name="exclude_uris"),
        ],
        autograph=False,
    )
    def serving_listener(
        self,
        track_uris: tf.Tensor,
        timestamps: tf.Tensor,
        features: tf.Tensor,
        exclude_uris: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Recommends to listeners, given by what they streamed.

        Args:
            track_uris: string [B, S], streams, repeats among them, padded with ""; S may be 0.
            timestamps: int64 [B, S], when, in Unix seconds; streams of 0 come first, as given.
            features: float32 [B, F], of `schema.features.LISTENER_COLUMNS`, NaN where one is not
                known; F may be 0.
            exclude_uris: string [B, E], tracks that are not to be recommended, padded with ""; E
                may be 0.

        Returns:
            As `serving_default`; neither what was streamed nor what is excluded is among it.
        """
        rows = tf.shape(track_uris)
        same = [
            tf.debugging.assert_equal(rows, tf.shape(timestamps), _UNEVEN),
            tf.debugging.assert_equal(rows[0], tf.shape(features)[0], _UNEVEN),
            tf.debugging.assert_equal(rows[0], tf.shape(exclude_uris)[0], _UNEVEN),
        ]
        with tf.control_dependencies(same):
            tracks = in_order(track_uris, timestamps)
            count = tracks.nrows()
            listeners = Listeners(
                tf.fill([count], True),
                known_features(features),
                rows_of(exclude_uris),
            )
        unknown = tracks.with_flat_values(tf.zeros_like(tracks.flat_values))
        untitled = tf.zeros([count], tf.string)
        return self._continue(untitled, tracks, unknown, listeners, self._rows_per_step)

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="track_uris")], autograph=False
    )
    def track_metadata(self, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        """Describes tracks, string [n].

        Returns:
            `track_name` and `artist_name`, "" where unknown, and `playlists` int64, how many of
            train's playlists hold the track.
        """
        ids = self._queries.track_ids(track_uris)
        ids = tf.where(ids < 0, tf.constant(self._nothing, tf.int64), ids)
        return {
            "track_name": tf.gather(self._track_names, ids),
            "artist_name": tf.gather(self._artist_names, ids),
            "playlists": tf.gather(self._counts, ids),
        }

    # A function of its own: traced once for all signatures, and saved once.
    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string),
            _TEXTS,
            _TEXTS,
            Listeners.spec(),
            tf.TensorSpec([], tf.int32),
        ],
        autograph=False,
    )
    def _continue(
        self,
        name: tf.Tensor,
        tracks: tf.RaggedTensor,
        artists: tf.RaggedTensor,
        listeners: Listeners,
        size: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Looks playlists up and answers them, `size` of them at a time."""
        query = self._queries.build(name, tracks, artists, listeners)
        rows = query.track_ids.nrows(out_type=tf.int32)
        # One at least, as the shape of no answers is not known.
        steps = tf.maximum((rows + size - 1) // size, 1)
        padded = Query(*pad(query, steps * size - rows))
        shape = [None, self.num_recommendations]
        scores, ids = tf.map_fn(
            lambda step: self._best(
                padded, step * size, tf.minimum(rows - step * size, size), size
            ),
            tf.range(steps),
            parallel_iterations=1,
            fn_output_signature=(tf.TensorSpec(shape, tf.float32), tf.TensorSpec(shape, tf.int32)),
        )
        scores = tf.reshape(scores, [-1, self.num_recommendations])[:rows]
        ids = tf.reshape(ids, [-1, self.num_recommendations])[:rows]
        signal = self._scorer.has_signal(query)[:, tf.newaxis]
        # What a row without a seed hides was excluded.
        unanswered = tf.gather(~signal[:, 0], row_ids(query.hidden_ids))
        popular_scores, popular_ids = self._popular(keep(query.hidden_ids, unanswered))
        ids = tf.where(signal, ids, popular_ids)
        scores = tf.where(signal, scores, popular_scores)
        return {"track_uris": tf.gather(self._uris, ids), "scores": scores}

    def _popular(self, hidden: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The tracks of most playlists but those hidden, and in how many they are."""
        longest = tf.reduce_max(tf.concat([[0], tf.cast(hidden.row_lengths(), tf.int32)], axis=0))
        ids = self._popular_ids[: self.num_recommendations + longest][tf.newaxis]
        ids = tf.tile(ids, [hidden.nrows(), 1])
        counts = tf.cast(tf.gather(self._counts, ids), tf.float32)
        counts = tf.where(contains(hidden, ids), float("-inf"), counts)
        scores, places = tf.math.top_k(counts, self.num_recommendations)
        ids = tf.gather(ids, places, batch_dims=1)
        return scores, tf.where(tf.math.is_inf(scores), self._nothing, ids)

    def _best(
        self, query: Query, start: tf.Tensor, rows: tf.Tensor, size: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The best tracks for one step of `size`: for `rows` queries from `start`, then padding."""
        query = Query(*window(query, start, size))
        scores, ids = self._retriever.best(query, rows, self.num_recommendations)
        ids = tf.where(tf.math.is_inf(scores), self._nothing, ids)
        rest = [[0, size - rows], [0, 0]]
        return tf.pad(scores, rest), tf.pad(ids, rest)


def _strings(values: np.ndarray, name: str) -> tf.Variable:
    with_nothing = np.append(values.astype(object), b"")
    return tf.Variable(tf.constant(with_nothing, tf.string), trainable=False, name=name)

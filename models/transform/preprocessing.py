"""Transform's `preprocessing_fn`: raw playlists to what every model family trains on.

Vocabularies are learnt from train and stop, and no other playlist gets here: Holdout
and the pipeline see to that.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from models.transform import titles, vocabularies
from models.transform.aligned import first_aligned
from schema import features

# What would end a column of the catalogue, or a line.
_UNSAFE = r"[\t\r\n\v\f]"


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Turns a batch of B raw playlists into ids of tracks and of title n-grams.

    Args:
        inputs: ragged tensors [B, (values)] by raw feature name.
        custom_config: `min_counts`, how often a value must occur to enter its vocabulary, by
            vocabulary name.

    Returns:
        By transformed name: ragged int64 ids (-1 where the vocabulary lacks the value) of tracks
        and of title n-grams; the number of followers and the time of the last change [B], 0 where
        unknown; the pid [B]; features of listeners, ragged floats, none of playlists.
    """
    tracks = inputs[features.TRACK_URI]
    title = titles.normalized(_scalar(inputs[features.NAME], ""))
    title_ngrams = titles.title_ngrams(title)
    # Models read the catalogue for each track's names, artist and album.
    learnt = vocabularies.learn(
        _catalogue_lines({name: inputs[name] for name in features.TRACK_BYTES}),
        title_ngrams,
        custom_config["min_counts"],
    )
    outputs = {
        features.TRACK_URI: _ids(tracks, learnt[features.TRACK_VOCABULARY]),
        features.NAME: title,
        features.TITLE_NGRAMS: _ids(title_ngrams, learnt[features.TITLE_VOCABULARY]),
        features.FOLLOWERS: _scalar(inputs[features.NUM_FOLLOWERS], 0),
        features.MODIFIED_AT: _scalar(inputs[features.MODIFIED_AT], 0),
        features.PID: _scalar(inputs[features.PID], ""),
        features.LISTENER_FEATURES: inputs[features.LISTENER_FEATURES],
    }
    return {features.transformed_name(name): value for name, value in outputs.items()}


def _ids(values: tf.RaggedTensor, vocabulary: tf.Tensor) -> tf.RaggedTensor:
    return tft.apply_vocabulary(values, vocabulary, default_value=-1)


def _scalar(values: tf.RaggedTensor, default: str | int) -> tf.Tensor:
    """The only value of each row [B], or the default."""
    return values.to_tensor(default_value=default, shape=[None, 1])[:, 0]


# Traced once a process, where tf.Transform traces the rest nine times.
@tf.function(autograph=False)
def _catalogue_lines(inputs: dict[str, tf.RaggedTensor]) -> tf.RaggedTensor:
    """One line a track: URI, track name, artist name, artist key, album key."""
    tracks = inputs[features.TRACK_URI]
    columns = (
        tracks,
        first_aligned(tracks, inputs[features.TRACK_NAME]),
        first_aligned(tracks, inputs[features.ARTIST_NAME]),
        first_aligned(tracks, inputs[features.ARTIST_URI], inputs[features.ARTIST_NAME]),
        first_aligned(tracks, inputs[features.ALBUM_URI], inputs[features.ALBUM_NAME]),
    )
    cleaned = [tf.strings.regex_replace(column.flat_values, _UNSAFE, " ") for column in columns]
    return tracks.with_flat_values(tf.strings.join(cleaned, separator=vocabularies.SEPARATOR))

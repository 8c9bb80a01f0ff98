"""Transform's `preprocessing_fn`: raw playlists to what every model family trains on.

Vocabularies and scalers are learnt from train and stop, and no other playlist gets here: Holdout
and the pipeline see to that.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from models.transform import titles
from models.transform.aligned import first_aligned
from schema import features

# What the catalogue's lines are split at, so names must not hold it.
_SEPARATOR = "\t"
_UNSAFE = r"[\t\r\n\v\f]"


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Turns a batch of B raw playlists into ids, title n-grams and scaled numbers.

    Args:
        inputs: ragged tensors [B, (values)] by raw feature name.
        custom_config: `min_counts`, how often a value must occur to enter its vocabulary, by
            vocabulary name.

    Returns:
        By transformed name: ragged int64 ids (-1 where the vocabulary lacks the value) of tracks,
        of artists and albums aligned with the tracks, and of title n-grams; the scaled numbers [B]
        with 0 where the playlist has none; the number of followers [B] as it is, 0 where unknown;
        the encoded category [B].
    """
    min_counts = custom_config["min_counts"]
    tracks = inputs[features.TRACK_URI]
    artists = first_aligned(tracks, inputs[features.ARTIST_URI], inputs[features.ARTIST_NAME])
    albums = first_aligned(tracks, inputs[features.ALBUM_URI], inputs[features.ALBUM_NAME])
    title_ngrams = titles.character_ngrams(titles.normalize(_scalar(inputs[features.NAME], "")))
    # Not looked up by any feature: models read the file for names and for each track's artist.
    tft.vocabulary(
        _catalogue_lines(inputs, tracks, artists, albums),
        vocab_filename=features.CATALOGUE_VOCABULARY,
    )
    outputs = {
        features.TRACK_URI: _ids(tracks, features.TRACK_VOCABULARY, min_counts),
        features.ARTIST: _ids(artists, features.ARTIST_VOCABULARY, min_counts),
        features.ALBUM: _ids(albums, features.ALBUM_VOCABULARY, min_counts),
        features.TITLE_NGRAMS: _ids(title_ngrams, features.TITLE_VOCABULARY, min_counts),
        features.COLLABORATIVE: tft.compute_and_apply_vocabulary(
            _scalar(inputs[features.COLLABORATIVE], ""),
            default_value=-1,
            vocab_filename=features.COLLABORATIVE,
        ),
        features.FOLLOWERS: _scalar(inputs[features.NUM_FOLLOWERS], 0),
        features.PID: _scalar(inputs[features.PID], ""),
    }
    for name in (features.NUM_FOLLOWERS, features.NUM_EDITS, features.MODIFIED_AT):
        outputs[name] = _scaled(inputs[name], logarithmic=name != features.MODIFIED_AT)
    return {features.transformed_name(name): value for name, value in outputs.items()}


def _ids(values: tf.RaggedTensor, vocabulary: str, min_counts: dict[str, int]) -> tf.RaggedTensor:
    """Learns a vocabulary, most frequent value first, and applies it."""
    threshold = min_counts[vocabulary]
    path = tft.vocabulary(
        values,
        frequency_threshold=threshold if threshold > 1 else None,
        vocab_filename=vocabulary,
    )
    return tft.apply_vocabulary(values, path, default_value=-1)


def _scalar(values: tf.RaggedTensor, default: str | int) -> tf.Tensor:
    """The only value of each row [B], or the default."""
    return values.to_tensor(default_value=default, shape=[None, 1])[:, 0]


def _catalogue_lines(
    inputs: dict[str, Any],
    tracks: tf.RaggedTensor,
    artists: tf.RaggedTensor,
    albums: tf.RaggedTensor,
) -> tf.RaggedTensor:
    """One line a track: URI, track name, artist name, artist key, album key."""
    columns = (
        tracks,
        first_aligned(tracks, inputs[features.TRACK_NAME]),
        first_aligned(tracks, inputs[features.ARTIST_NAME]),
        artists,
        albums,
    )
    cleaned = [tf.strings.regex_replace(column.flat_values, _UNSAFE, " ") for column in columns]
    return tracks.with_flat_values(tf.strings.join(cleaned, separator=_SEPARATOR))


def _scaled(values: tf.RaggedTensor, *, logarithmic: bool) -> tf.Tensor:
    """Standardises the numbers that are there; a missing one becomes the mean, 0."""
    numbers = tf.cast(values, tf.float32)
    if logarithmic:
        numbers = tf.ragged.map_flat_values(lambda x: tf.math.log1p(tf.maximum(x, 0.0)), numbers)
    scaled = tft.scale_to_z_score(numbers)
    return scaled.to_tensor(default_value=0.0, shape=[None, 1])[:, 0]

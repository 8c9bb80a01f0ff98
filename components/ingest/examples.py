"""Playlists as `tf.train.Example`s, as contract C4 has them."""

from __future__ import annotations

import tensorflow as tf

from components.ingest.validation import Playlist


def to_example(playlist: Playlist) -> tf.train.Example:
    """Returns the Example of a playlist; features that it lacks are absent."""
    example = tf.train.Example()
    feature = example.features.feature
    for key, values in playlist.features.items():
        if isinstance(values[0], bytes):
            feature[key].bytes_list.value.extend(values)
        elif isinstance(values[0], float):
            feature[key].float_list.value.extend(values)
        else:
            feature[key].int64_list.value.extend(values)
    return example


def serialize(playlist: Playlist) -> bytes:
    """Returns the serialised Example, the same bytes for the same playlist."""
    return to_example(playlist).SerializeToString(deterministic=True)

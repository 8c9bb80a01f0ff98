"""Names of artists, by which titles name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import tensorflow as tf

from models.data.playlists import Catalogue
from models.transform import titles

# Of an artist whom titles can name: names of others are words that mean something else as often.
_MIN_TRACKS: Final = 2
# Names that are normalised at once.
_BATCH: Final = 4096


def artist_names(catalogue: Catalogue, num_artists: int) -> list[bytes]:
    """Finds what titles call artists: the name that comes with an artist's most frequent track.

    Args:
        catalogue: N tracks.
        num_artists: A; ids of artists are by falling frequency.

    Returns:
        Normalised names by id; b"" for artists without a name, with fewer than two tracks, or with
        a more frequent namesake.
    """
    owners = catalogue.artist_ids
    tracks = np.bincount(owners[owners >= 0], minlength=num_artists)
    raw = np.full(num_artists, b"", object)
    # Of each artist the first track remains, which is the most frequent.
    backwards = np.flatnonzero(owners >= 0)[::-1]
    raw[owners[backwards]] = catalogue.artist_names[backwards]
    raw[tracks < _MIN_TRACKS] = b""
    seen = {b""}
    names: list[bytes] = []
    for start in range(0, num_artists, _BATCH):
        batch = tf.constant(raw[start : start + _BATCH], tf.string)
        for name in titles.normalized(batch).numpy():
            names.append(b"" if name in seen else name)
            seen.add(name)
    return names


def lookup(names: Sequence[bytes]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes a function that looks normalised names up, string [n] to int64 [n], else -1."""
    known = [index for index, name in enumerate(names) if name]
    keys = [names[index] for index in known] or [b""]  # TensorFlow has no empty tables.
    initializer = tf.lookup.KeyValueTensorInitializer(
        tf.constant(keys, tf.string), tf.constant(known or [-1], tf.int64)
    )
    table = tf.lookup.StaticHashTable(initializer, -1)
    return table.lookup

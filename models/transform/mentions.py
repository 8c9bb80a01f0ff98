"""Artists that a title names: runs of its words are looked up in a table of artists' names.

Stock TensorFlow ops only, because training and every exported model run the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import tensorflow as tf

from models.rows import grouped, places_of, row_ids
from models.transform.titles import MAX_CHARACTERS

#: Longer names are not found in titles.
MAX_WORDS: Final = 5

# More than there are ids of mentions.
_STEP: Final = 1 << 33


def spans(titles: tf.Tensor) -> tf.RaggedTensor:
    """Cuts titles into all runs of one to five words.

    For example "the weeknd mix" gives "the", "weeknd", "mix", "the weeknd", "weeknd mix" and
    "the weeknd mix".

    Args:
        titles: string [B], as `titles.normalize` returns them.

    Returns:
        String ragged [B, (S)], shorter runs first, repeats kept; an empty title has none.
    """
    shortened = tf.strings.substr(titles, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
    lengths = tuple(range(1, MAX_WORDS + 1))
    return tf.strings.ngrams(tf.strings.split(shortened), lengths, separator=" ")


def mention_ids(titles: tf.Tensor, artist_ids: Callable[[tf.Tensor], tf.Tensor]) -> tf.RaggedTensor:
    """Finds the artists that titles name.

    Args:
        titles: string [B], as `titles.normalize` returns them.
        artist_ids: looks normalised names up, string [n] to int64 [n], -1 where no artist has it.

    Returns:
        int64 ragged [B, (M)], without repeats: 2a where the name of artist a is a part of the
        title, 2a + 1 where it is all of it.
    """
    texts = spans(titles)
    owners = row_ids(texts)
    artists = artist_ids(texts.flat_values)
    places = places_of(artists >= 0)
    owners = tf.gather(owners, places)
    whole = tf.equal(tf.gather(texts.flat_values, places), tf.gather(titles, owners))
    ids = 2 * tf.gather(artists, places) + tf.cast(whole, tf.int64)
    keys = tf.unique(owners * _STEP + ids)[0]
    return grouped(keys % _STEP, keys // _STEP, tf.size(titles, tf.int64))

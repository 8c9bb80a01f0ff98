"""A playlist's title as the model reads it: normalised, then cut into character n-grams.

Stock TensorFlow ops only, because Transform and every exported model run the same code.
"""

from __future__ import annotations

from typing import Final

import tensorflow as tf

from models.transform import folding

# What the RecSys Challenge 2018's `normalize_name` replaces by a space, in RE2's spelling.
_PUNCTUATION: Final = r"[.,/#!$%^*;:{}=_`~()@]"
_WHITESPACE: Final = r"[\s\v\p{Z}]+"

#: Longer titles are cut: the Million Playlist Dataset has none beyond 100 characters.
MAX_CHARACTERS: Final = 256


# Traced once a process: Transform traces what calls it nine times, and each model's export again.
@tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
def normalized(names: tf.Tensor) -> tf.Tensor:
    """See `normalize`; string [B]."""
    return normalize(names)


@tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
def title_ngrams(titles: tf.Tensor) -> tf.RaggedTensor:
    """See `character_ngrams`; string ragged [B, (G)]."""
    return character_ngrams(titles)


def normalize(names: tf.Tensor) -> tf.Tensor:
    """Normalises titles as the RecSys Challenge 2018 does, once `folding` made them comparable.

    `.,/#!$%^*;:{}=_`~()@` to spaces, runs of whitespace to one space, none at the ends.

    Args:
        names: string tensor of any shape, UTF-8; invalid bytes become U+FFFD.

    Returns:
        String tensor of the same shape.
    """
    names = tf.reshape(folding.fold(tf.reshape(names, [-1])), tf.shape(names))
    names = tf.strings.regex_replace(names, _PUNCTUATION, " ")
    return tf.strings.strip(tf.strings.regex_replace(names, _WHITESPACE, " "))


def character_ngrams(titles: tf.Tensor, min_n: int = 2, max_n: int = 5) -> tf.RaggedTensor:
    """Cuts normalised titles into character n-grams, with a space padded on each side.

    For example "pop" with n from 2 to 3 gives " p", "po", "op", "p ", " po", "pop", "op ".

    Args:
        titles: string [B], as `normalize` returns them.
        min_n: length of the shortest n-grams, in Unicode characters.
        max_n: length of the longest n-grams.

    Returns:
        String ragged [B, (G)], shorter n-grams first, repeats kept; an empty title has none.

    Raises:
        ValueError: if not 1 <= min_n <= max_n.
    """
    if not 1 <= min_n <= max_n:
        raise ValueError(f"n-gram lengths must satisfy 1 <= min_n <= max_n, not {min_n}, {max_n}.")
    padding = tf.where(tf.strings.length(titles) > 0, " ", "")
    padded = tf.strings.join([padding, titles, padding])
    shortened = tf.strings.substr(padded, 0, MAX_CHARACTERS + 2, unit="UTF8_CHAR")
    characters = tf.strings.unicode_split(shortened, "UTF-8")
    return tf.strings.ngrams(characters, tuple(range(min_n, max_n + 1)), separator="")

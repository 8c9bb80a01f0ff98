"""Spellings of one text become one: composed and decomposed accents, full width, upper case.

Every code point is replaced by what Unicode says it stands for (NFKD, then case folding). Accents,
points, tone marks and invisible characters go: people leave them out as often as not. Kana keep
their voicing marks, which distinguish words. As that is done to each code point by itself, and as
all the marks whose order Unicode leaves open but one kind are gone, any two texts that Unicode
holds for equivalent come out the same.

TensorFlow has no such operation, so Python's tables become constants of the graph.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Final, NamedTuple

import numpy as np
import tensorflow as tf

from models.rows import row_ids

_PAGE_BITS: Final = 8
_PAGE: Final = 1 << _PAGE_BITS
_LAST: Final = 0x10FFFF
# All others are ideographs, private or not assigned: they stay as they are.
_CHARACTERS: Final = (range(0x20000), range(0x2F800, 0x2FA20), range(0xE0000, 0xE1000))
_VOICING_CLASS: Final = 8  # the combining class of the kana's marks
_ITSELF: Final = -1


class _Tables(NamedTuple):
    """What each code point becomes.

    Attributes:
        pages: int32, by the code point's upper bits: the number of its page in `entries`.
        entries: int32, by page and the code point's lower bits: a row of the replacements.
        replacements: int32, the code points of all rows; -1 is the code point itself.
        splits: int64, where each row starts and ends.
    """

    pages: np.ndarray
    entries: np.ndarray
    replacements: np.ndarray
    splits: np.ndarray


def fold(texts: tf.Tensor) -> tf.Tensor:
    """Gives all spellings of a text the same one.

    Args:
        texts: string [B], UTF-8; invalid bytes become U+FFFD.

    Returns:
        String [B], UTF-8.
    """
    tables = _tables()
    decoded = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    points = decoded.values
    page = tf.gather(tables.pages, tf.bitwise.right_shift(points, _PAGE_BITS))
    row = tf.gather(tables.entries, page * _PAGE + tf.bitwise.bitwise_and(points, _PAGE - 1))
    replacements = tf.RaggedTensor.from_row_splits(
        tf.constant(tables.replacements), tf.constant(tables.splits), validate=False
    )
    found = tf.gather(replacements, row)
    unchanged = tf.gather(points, row_ids(found))
    values = tf.where(found.values == _ITSELF, unchanged, found.values)
    splits = tf.gather(found.row_splits, decoded.row_splits)
    folded = tf.RaggedTensor.from_row_splits(values, splits, validate=False)
    return tf.strings.unicode_encode(folded, "UTF-8", errors="replace")


@functools.cache
def _tables() -> _Tables:
    entries = np.zeros(_LAST + 1, np.int32)
    rows = [[_ITSELF]]
    for point in (point for characters in _CHARACTERS for point in characters):
        character = chr(point)
        known = character == character.casefold() and unicodedata.is_normalized("NFKD", character)
        if not known or _is_mark(character):
            entries[point] = len(rows)
            rows.append(_folded(character))
    pages, numbers = np.unique(entries.reshape(-1, _PAGE), axis=0, return_inverse=True)
    return _Tables(
        numbers.astype(np.int32).ravel(),
        pages.ravel(),
        np.array([point for row in rows for point in row], np.int32),
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
    )


def _folded(character: str) -> list[int]:
    kept = "".join(c for c in unicodedata.normalize("NFKD", character) if not _is_mark(c))
    folded = unicodedata.normalize("NFKD", kept.casefold())
    return [ord(c) for c in folded if not _is_mark(c)]


def _is_mark(character: str) -> bool:
    """Whether it is an accent, a tone mark or invisible; vowel signs of class 0 are letters."""
    if unicodedata.combining(character) not in (0, _VOICING_CLASS):
        return True
    category = unicodedata.category(character)
    return category == "Cf" or (
        category == "Mn" and "VARIATION SELECTOR" in unicodedata.name(character, "")
    )

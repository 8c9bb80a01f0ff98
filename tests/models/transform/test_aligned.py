from __future__ import annotations

import tensorflow as tf

from models.transform.aligned import first_aligned

TRACKS = tf.ragged.constant([["a", "b"], [], ["c"], ["d"]])


def test_takes_the_first_that_fits_row_by_row() -> None:
    uris = tf.ragged.constant([["u1", "u2"], [], [], []])
    names = tf.ragged.constant([["n1", "n2"], [], ["n3"], ["n4", "n5"]])
    result = first_aligned(TRACKS, uris, names).to_list()
    assert result == [[b"u1", b"u2"], [], [b"n3"], [b""]]


def test_without_candidates() -> None:
    assert first_aligned(TRACKS).to_list() == [[b"", b""], [], [b""], [b""]]

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.data import Catalogue
from models.data.artist_names import artist_names, lookup


def catalogue(tracks: list[tuple[int, str]]) -> Catalogue:
    """The artist and the artist's name of each track."""
    nothing = np.full(len(tracks), b"", object)
    return Catalogue(
        track_uris=nothing,
        track_names=nothing,
        artist_names=np.array([name.encode() for _, name in tracks] + [None], object)[:-1],
        artist_ids=np.array([artist for artist, _ in tracks], np.int64),
        album_ids=np.full(len(tracks), -1),
        counts=np.ones(len(tracks), np.int64),
    )


def test_names_are_normalised_as_titles_are() -> None:
    tracks = [(0, "Beyoncé"), (0, "BEYONCE"), (1, "AC/DC"), (1, "AC/DC"), (2, "P!nk"), (2, "P!nk")]
    assert artist_names(catalogue(tracks), 3) == [b"beyonce", b"ac dc", b"p nk"]


def test_the_name_is_that_of_the_most_frequent_track() -> None:
    assert artist_names(catalogue([(0, "Ann"), (-1, "X"), (0, "Anne")]), 1) == [b"ann"]


def test_an_artist_with_one_track_or_no_name_cannot_be_named() -> None:
    assert artist_names(catalogue([(0, "Ann"), (1, ""), (1, ""), (2, "!!"), (2, "!!")]), 4) == [
        b"",
        b"",
        b"",
        b"",
    ]


def test_of_namesakes_the_most_frequent_is_meant() -> None:
    tracks = [(0, "Ann"), (1, "Bob"), (1, "Bob"), (2, "bob"), (2, "bob"), (3, "ANN"), (3, "ANN")]
    # Artist 0 has one track only, so that the name is left to another one.
    assert artist_names(catalogue(tracks), 4) == [b"", b"bob", b"", b"ann"]


def test_no_tracks_at_all() -> None:
    assert artist_names(catalogue([]), 0) == []
    assert artist_names(catalogue([(-1, "Ann"), (-1, "Ann")]), 0) == []


def test_lookup() -> None:
    asked = tf.constant(["bob", "ann", "", "zoe"])
    assert lookup([b"ann", b"", b"bob"])(asked).numpy().tolist() == [2, 0, -1, -1]
    assert lookup([b"", b""])(asked).numpy().tolist() == [-1] * 4
    assert lookup([])(asked).numpy().tolist() == [-1] * 4

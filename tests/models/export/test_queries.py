from __future__ import annotations

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Query
from models.data import Vocabularies
from models.export.queries import QueryBuilder
from tests.models.training_fixture import uri

# Track 0 is by artist 1, track 1 by artist 0, track 2 by nobody known.
VOCABULARIES = Vocabularies(
    [uri(track).encode() for track in range(3)],
    [b"Ann", b"Bob", b"Rock"],
    [b" r", b"ro", b"k "],
    artist_names=[b"ann", b"", b"rock group"],
)


@pytest.fixture
def builder(tmp_path: pathlib.Path) -> QueryBuilder:
    return QueryBuilder(VOCABULARIES, np.array([1, 0, -1]), str(tmp_path))


def build(
    builder: QueryBuilder,
    names: list[str],
    tracks: list[list[str]],
    artists: list[list[str]] | None = None,
) -> Query:
    def ragged(rows: list[list[str]]) -> tf.RaggedTensor:
        return tf.ragged.constant(rows, tf.string, ragged_rank=1, row_splits_dtype=tf.int64)

    keys = None if artists is None else ragged(artists)
    return builder.build(tf.constant(names, tf.string), ragged(tracks), keys)


def test_drops_repeats_padding_and_the_unknown(builder: QueryBuilder) -> None:
    tracks = [["", uri(2), uri(1), uri(2), ""], ["spotify:track:", "nonsense", uri(7)], []]
    query = build(builder, ["", "", ""], tracks)
    assert query.track_ids.to_list() == [[2, 1], [], []]
    assert query.artist_ids.to_list() == [[0], [], []]


def test_the_same_track_in_two_playlists_stays(builder: QueryBuilder) -> None:
    query = build(builder, ["", ""], [[uri(1), uri(1)], [uri(1)]])
    assert query.track_ids.to_list() == [[1], [1]]


def test_artists_of_unknown_tracks_come_from_the_request(builder: QueryBuilder) -> None:
    # Known tracks keep the catalogue's artist; a repeated unknown track counts once.
    tracks = [[uri(0), uri(8), uri(8), uri(9)], [uri(2)], [uri(7), ""]]
    artists = [["Ann", "Ann", "Ann", "Zoe"], ["Bob"], ["", "Bob"]]
    query = build(builder, ["", "", ""], tracks, artists)
    assert query.artist_ids.to_list() == [[1, 0], [], []]
    assert query.track_ids.to_list() == [[0], [2], []]


def test_titles_are_normalised_before_they_are_cut(builder: QueryBuilder) -> None:
    query = build(builder, ["ROCK!", "", "🔥", "bro"], [[], [], [], []])
    # " rock " has " r", "ro" and "k "; " bro " has only "ro".
    assert query.title_ngram_ids.to_list() == [[0, 1, 2], [], [], [1]]


def test_all_spellings_of_a_title_give_the_same_ids(builder: QueryBuilder) -> None:
    names = ["r\u00f3ck", "ro\u0301ck", "\uff32\uff2f\uff23\uff2b", "ROCK\ufe0f"]
    query = build(builder, names, [[]] * 4)
    assert query.title_ngram_ids.to_list() == [[0, 1, 2]] * 4


def test_artists_that_titles_name(builder: QueryBuilder) -> None:
    names = ["ANN", "Ann & the Rock-Group", "ann / rock  GROUP", "bob", ""]
    assert build(builder, names, [[]] * 5).mention_ids.to_list() == [[1], [0], [0, 4], [], []]


def test_no_queries(builder: QueryBuilder) -> None:
    query = build(builder, [], [])
    assert [int(part.nrows()) for part in query] == [0] * len(query)


def test_empty_vocabularies(tmp_path: pathlib.Path) -> None:
    builder = QueryBuilder(Vocabularies([b"x"], [], []), np.array([-1]), str(tmp_path))
    query = build(builder, ["rock"], [["x", "y"]], [["Ann", "Bob"]])
    found = {name: part.to_list() for name, part in query._asdict().items()}
    assert found == {
        **{name: [[]] for name in query._fields},
        "track_ids": [[0]],
        "plays": [[1]],
        "hidden_ids": [[0]],
    }


def test_looks_tracks_up_in_any_shape(builder: QueryBuilder) -> None:
    ids = builder.track_ids(tf.constant([[uri(1), ""], [uri(0), "?"]]))
    assert ids.numpy().tolist() == [[1, -1], [0, -1]]

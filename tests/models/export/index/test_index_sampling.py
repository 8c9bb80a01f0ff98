from __future__ import annotations

import dataclasses

import numpy as np

from models.contract import Playlists, Query
from models.export.index import sampling
from models.export.index.sampling import embed, sample_queries
from tests.models.export.index.index_fixture import Added, Sums, normal
from tests.models.training_fixture import query, ragged, training_data

# Playlist n holds 12 tracks from 12 n on, and nobody else does.
DATA, _ = training_data([(f"title {n}", range(12 * n, 12 * n + 12)) for n in range(40)])


def asked_about(asked: Query) -> list[set[int]]:
    """The playlists that queries show tracks of, for each query."""
    owners = np.full(len(DATA.catalogue), -1)
    for row in range(len(DATA.train)):
        owners[DATA.train.track_ids.row(row)] = row
    return [set(owners[row].tolist()) for row in asked.track_ids.to_list()]


def test_playlists_of_stop_are_asked_first() -> None:
    source = dataclasses.replace(DATA, stop=np.array([3, 11, 30, 31, 32]))
    found = asked_about(sample_queries(source, 4, 0))
    assert len(found) == 4
    assert set().union(*found) <= {3, 11, 30, 31, 32}
    more = asked_about(sample_queries(source, 12, 0))
    assert len(more) == 12
    assert len(set().union(*more) - {3, 11, 30, 31, 32}) > 3


def test_queries_are_cut_by_the_scenarios() -> None:
    asked = sample_queries(DATA, 1000, 0)
    lengths = asked.track_ids.row_lengths().numpy()
    assert len(lengths) == 40
    # Half of 12 tracks at most are shown, and some playlists show a title alone.
    assert lengths.max() == 6
    assert (lengths == 0).any()
    titles = asked.title_ngram_ids.row_lengths().numpy()
    assert (titles[lengths == 0] > 0).all()
    assert (titles == 0).any()
    artists = DATA.catalogue.artist_ids[asked.track_ids.flat_values.numpy()]
    assert asked.artist_ids.flat_values.numpy().tolist() == artists.tolist()


def test_some_of_many_by_the_seed() -> None:
    first, second, other = (asked_about(sample_queries(DATA, 9, seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_an_index_is_not_measured_by_what_is_added() -> None:
    asked = query([[1], [2], [3]], mentions=[[], [0], []])
    sample = embed(Added(normal(60)), asked)
    assert sample.query.track_ids.to_list() == [[1], [3]]
    assert len(sample.vectors) == 2


def test_no_playlists_at_all() -> None:
    source = dataclasses.replace(DATA, train=Playlists(ragged([]), ragged([]), ragged([])))
    asked = sample_queries(source, 5, 0)
    assert asked.track_ids.to_list() == []
    assert len(embed(Sums(normal(40)), asked).vectors) == 0


def test_embedding_keeps_what_an_index_can_answer(monkeypatch) -> None:
    monkeypatch.setattr(sampling, "_BATCH", 2)
    vectors = normal(40)
    # Nothing known; n-gram 0, which is no dot product; and two that are.
    sample = embed(Sums(vectors), query([[], [5], [6], [7, 8], []], [[], [0], [], [9], [2]]))
    assert sample.query.track_ids.to_list() == [[6], [7, 8], []]
    assert sample.query.title_ngram_ids.to_list() == [[], [9], [2]]
    expected = [vectors[6], vectors[7] + vectors[8] + vectors[9], vectors[2]]
    assert np.allclose(sample.vectors, expected, atol=1e-6)
    part = sample.part(slice(1, None))
    assert part.query.track_ids.to_list() == [[7, 8], []]
    assert np.array_equal(part.vectors, sample.vectors[1:])

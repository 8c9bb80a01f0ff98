from __future__ import annotations

import dataclasses

import numpy as np

from models.contract import Playlists, TrainingData
from models.export.index import sampling
from models.export.index.sampling import embed, sample_queries
from tests.models.export.index.index_fixture import Sums, normal
from tests.models.training_fixture import held_out, query, ragged, two_genres


def data(evaluation: list[list[int]]) -> TrainingData:
    train, _ = two_genres(40, 30, 8)
    playlists = held_out(evaluation, [[]] * len(evaluation), titles=[[1]] * len(evaluation))
    artists = np.where(np.arange(40) == 7, -1, np.arange(40) // 3)
    catalogue = dataclasses.replace(train.catalogue, artist_ids=artists)
    return dataclasses.replace(train, evaluation=playlists, catalogue=catalogue)


def test_held_out_playlists_are_taken_as_they_are() -> None:
    asked = sample_queries(data([[3, 4], [], [9, 7]]), 10, 0)
    assert asked.track_ids.to_list() == [[3, 4], [], [9, 7]]
    assert asked.title_ngram_ids.to_list() == [[1], [1], [1]]
    # Tracks 3 and 4 are by artist 1, 9 is by 3, and of 7 the artist is unknown.
    assert asked.artist_ids.to_list() == [[1, 1], [], [3]]


def test_without_them_half_of_training_playlists() -> None:
    source = data([])
    asked = sample_queries(source, 1000, 0)
    rows = [source.train.track_ids.row(i).tolist() for i in range(len(source.train))]
    assert asked.track_ids.to_list() == [row[: len(row) // 2] for row in rows]


def test_some_of_many_by_the_seed() -> None:
    source = data([[i] for i in range(40)])
    first, second, other = (
        [row[0] for row in sample_queries(source, 5, seed).track_ids.to_list()]
        for seed in (1, 1, 2)
    )
    assert len(set(first)) == 5
    assert first == second == sorted(first)
    assert first != other


def test_no_playlists_at_all() -> None:
    source = data([])
    source = dataclasses.replace(source, train=Playlists(ragged([]), ragged([])))
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

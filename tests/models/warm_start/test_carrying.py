from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from models.warm_start import carry, known_ids, relatives_of
from schema.model_card import VocabularyGrowth


def rows_of(*playlists: list[int], size: int) -> scipy.sparse.csr_matrix:
    matrix = np.zeros((len(playlists), size), np.float32)
    for row, tracks in enumerate(playlists):
        matrix[row, tracks] = 1
    return scipy.sparse.csr_matrix(matrix)


def test_names_are_found_wherever_they_were() -> None:
    assert known_ids([b"c", b"a", b"x"], [b"a", b"b", b"c"]).tolist() == [1, -1, 0]
    assert known_ids([], [b"a"]).tolist() == [-1]
    assert known_ids([b"a"], []).tolist() == []


def test_every_way_to_a_vector_by_hand() -> None:
    """Of what is new, 3 has its artist, 4 artist and album, 5 company and 6 nothing."""
    old = np.array([[9, 9], [4, 0], [0, 2], [1, 1]], np.float32)  # the first has left
    known = np.array([1, 2, 3, -1, -1, -1, -1])
    artists = np.array([0, 0, 1, 0, 1, 2, -1])
    albums = np.array([0, 1, 1, 2, 0, -1, -1])
    playlists = rows_of([0, 1, 5], [2, 5], [5, 6], [6], size=7)
    table, growth = carry(old, known, playlists, (artists, albums), seed=3)
    assert table[:3].tolist() == [[4, 0], [0, 2], [1, 1]]
    assert table[3].tolist() == [2, 1], "the mean of its artist's 0 and 1"
    assert table[4].tolist() == [2.5, 0.5], "its artist's (1, 1) and its album's (4, 0)"
    # Its playlists have means (2, 1) and (1, 1) of what is known; the third holds nothing known.
    assert table[5].tolist() == [1.5, 1]
    mean = np.array([5 / 3, 1], np.float32)
    assert (table[6] >= mean).all()
    assert (table[6] < mean + 0.011).all()
    assert growth == VocabularyGrowth(
        kept=3, from_relatives=2, from_company=1, from_mean=1, dropped=1
    )


def test_two_of_which_nothing_is_known_differ_and_a_seed_repeats() -> None:
    old, known = np.ones((1, 4), np.float32), np.array([0, -1, -1])
    nothing = rows_of([], size=3)
    first = carry(old, known, nothing, seed=1).table
    assert (first[1] != first[2]).all()
    assert (first == carry(old, known, nothing, seed=1).table).all()
    assert (first != carry(old, known, nothing, seed=2).table)[1:].all()


def test_a_vocabulary_that_is_all_new_and_one_that_is_empty() -> None:
    table, growth = carry(
        np.zeros((0, 2), np.float32), np.array([-1]), rows_of([0], size=1), seed=1
    )
    assert table.shape == (1, 2)
    assert (table < 0.01).all()
    assert growth == VocabularyGrowth(kept=0, from_mean=1)
    table, growth = carry(
        np.ones((3, 2), np.float32), np.zeros(0, np.int64), rows_of([], size=0), seed=1
    )
    assert table.shape == (0, 2)
    assert growth == VocabularyGrowth(kept=0, dropped=3)


@given(st.data())
def test_names_decide_and_not_their_places(data: st.DataObject) -> None:
    """What both know keeps its vector, and the rest is counted, whatever the vocabularies."""
    names = st.lists(st.sampled_from([b"%d" % n for n in range(12)]), unique=True)
    old, new = data.draw(names), data.draw(names)
    vectors = arrays.arrays(np.float32, (len(old), 3), elements=st.floats(-5, 5, width=32))
    table = data.draw(vectors)
    held = st.lists(st.integers(0, max(len(new) - 1, 0)), max_size=4 if new else 0)
    rows = rows_of(*data.draw(st.lists(held, max_size=5)), [], size=len(new))
    groups = arrays.arrays(np.int64, len(new), elements=st.integers(-1, 3))
    known = known_ids(old, new)
    carried = carry(table, known, rows, (data.draw(groups), data.draw(groups)), seed=0)
    by_name = dict(zip(old, table.tolist(), strict=True))
    for name, vector in zip(new, carried.table.tolist(), strict=True):
        if name in by_name:
            assert vector == by_name[name]
    assert np.isfinite(carried.table).all()
    growth = carried.growth
    assert growth.kept == len({*old} & {*new})
    assert growth.dropped == len({*old} - {*new})
    made = growth.from_relatives + growth.from_company + growth.from_mean
    assert growth.kept + made == len(new)
    # A vector that is new lies among those that are known, but for the noise.
    kept = carried.table[known >= 0]
    if len(kept):
        assert (carried.table >= kept.min(axis=0) - 1e-5).all()
        assert (carried.table <= kept.max(axis=0) + 0.0101).all()


def test_albums_are_known_by_their_tracks() -> None:
    known = np.array([2, -1, 0, 1])
    old_albums = np.array([5, 7, -1])
    new_albums = np.array([0, 0, 1, 1])
    # Track 0 was on none, and track 1 is new: nothing is known of album 0. Of album 1's tracks the
    # first, which was on 5, decides.
    assert relatives_of(known, old_albums, new_albums).tolist() == [-1, 5]
    assert relatives_of(known, old_albums, np.full(4, -1)).tolist() == []

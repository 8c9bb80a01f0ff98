"""Exposure of artists and of tracks by popularity: worked out by hand, and merged."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics.exposure import SLOTS, ExposureCounts, artists_of_half


def counted(*lists: tuple[list[bytes], list[int]]) -> ExposureCounts:
    counts = ExposureCounts()
    for artists, playlists in lists:
        counts.add_list(np.array(artists, object), np.array(playlists, np.int64))
    return counts


def withheld(
    counts: ExposureCounts, artists: list[bytes], playlists: list[int], found: list[bool]
) -> None:
    counts.add_withheld(np.array(artists, object), np.array(playlists), np.array(found))


def shares(counts: ExposureCounts) -> dict[str, float]:
    return {each.playlists: each.shown for each in counts.summary().by_popularity if each.shown}


def test_a_place_is_worth_less_the_further_down_it_is():
    counts = counted(([b"a", b"b", b"b"], [200, 3, 20]))
    worth = [1, 1 / math.log2(3), 1 / 2]
    assert shares(counts) == pytest.approx(
        {"101+": worth[0] / sum(worth), "2-5": worth[1] / sum(worth), "6-20": worth[2] / sum(worth)}
    )
    # b has 1.13 of 2.13, just more than half.
    assert (counts.summary().artists, counts.summary().artists_of_half) == (2, 1)


def test_only_the_first_places_count_and_places_without_a_track_do_not():
    artists, playlists = [b"a"] * SLOTS + [b"b"], [1] * SLOTS + [50]
    counts = counted((artists, playlists), ([b"", b"c"], [-1, 0]))
    assert set(shares(counts)) == {"1", "0"}
    assert counts.summary().artists == 2


def test_a_track_of_an_unknown_artist_is_shown_and_nobodys():
    counts = counted(([b"", b"a"], [2, 2]))
    assert shares(counts) == {"2-5": 1.0}
    assert counts.summary().artists == 1


def test_each_playlist_withholds_as_much_as_any_other():
    counts = ExposureCounts()
    withheld(counts, [b"a", b"a", b"b", b"b"], [0, 0, 7, 7], [False, False, True, False])
    withheld(counts, [b"c"], [7], [True])
    found = {each.playlists: each.withheld for each in counts.summary().by_popularity}
    assert (found["0"], found["6-20"]) == (0.25, 0.75)
    hits = {each.playlists: each.found for each in counts.summary().by_popularity}
    assert (hits["0"], hits["6-20"], hits["1"]) == (0.0, pytest.approx(2 / 3), None)
    assert counts.summary().withheld_artists_of_half == 1  # c alone has one of two playlists


def test_withheld_tracks_without_artists_still_have_their_popularity():
    counts = ExposureCounts()
    withheld(counts, [], [3, 0], [True, True])
    assert counts.summary().withheld_artists == 0
    assert counts.summary().by_popularity[0].withheld == 0.5


def test_nothing_shown_is_null_and_not_nought():
    summary = ExposureCounts().summary()
    assert summary.artists_of_half is None
    assert all(each.shown is None for each in summary.by_popularity)


@pytest.mark.parametrize(
    ("exposure", "half"),
    [({b"a": 0.1, b"b": 0.1, b"c": 0.1, b"d": 0.1}, 2), ({b"a": 9.0, b"b": 1.0}, 1), ({}, None)],
)
def test_the_fewest_artists_that_have_half(exposure, half):
    assert artists_of_half(Counter(exposure)) == half


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b""]), st.integers(-1, 150))),
        min_size=1,
    ),
    st.integers(0, 5),
)
def test_parts_that_are_merged_say_what_the_whole_says(lists, cut):
    columns = [([a for a, _ in each], [p for _, p in each]) for each in lists]
    whole = counted(*columns).summary()
    merged = counted(*columns[:cut]).merge(counted(*columns[cut:])).summary()
    assert merged.artists == whole.artists
    for mine, other in zip(merged.by_popularity, whole.by_popularity, strict=True):
        assert (mine.shown is None) == (other.shown is None)
        assert mine.shown == pytest.approx(other.shown)

from __future__ import annotations

import dataclasses
from math import log

import numpy as np
import pytest

from models.families.two_stage.features.songs import Songs, song_ids
from tests.models.families.two_stage.features.feature_fixture import DATA, check, found, shown


def test_by_hand() -> None:
    # Tracks 0 and 2 are releases of one song by one artist.
    check(
        Songs(DATA.catalogue)(shown([0, 1]), found([2, 3])),
        {"same_song": [log(2), 0], "song_rank": [log(2), 0]},
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Name", "NAME", True),
        ("Name", "Name - Remastered 2011", True),
        ("Name (feat. Somebody)", "Name [Live]", True),
        ("(Name)", "(Other)", False),
        ("Semi-Name", "Semi", False),
        ("", "", False),
    ],
)
def test_cleaned_names(one: str, other: str, same: bool) -> None:
    names = np.array([one.encode(), b"x", other.encode(), b"y"], object)
    songs = song_ids(dataclasses.replace(DATA.catalogue, track_names=names))
    assert (songs[0] == songs[2]) == same


def test_songs_of_other_or_unknown_artists_differ() -> None:
    names = np.array([b"Same"] * 4, object)
    artists = np.array([0, 1, -1, -1])
    catalogue = dataclasses.replace(DATA.catalogue, track_names=names, artist_ids=artists)
    assert len(set(song_ids(catalogue))) == 4

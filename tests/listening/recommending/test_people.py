"""What is known of the listeners of a bucket, and of all: from partitions of features."""

from __future__ import annotations

import datetime
import pathlib

import numpy as np
import pyarrow as pa
import pytest

from listening.recommending import people
from listening.recommending.audience import SORTED
from listening.recommending.popularity import Popularity
from listening.recommending.releases import Releases
from schema.features import LISTENER_COLUMNS
from tests.listening.recommending.making import CUT, DAY, artist, found, listener, put, tracks, uri


@pytest.fixture
def features(tmp_path: pathlib.Path) -> pathlib.Path:
    """Ten listeners in row groups of three, who have all heard a track that no table has."""
    history = [
        {
            "listener_id": listener(number),
            "seed_uris": [uri(number % 4), uri(99)],
            "seed_times": [CUT - datetime.timedelta(seconds=number)] * 2,
            "top_artists": [artist(number % 4)],
            "streams_7d": number,
        }
        for number in range(10)
    ]
    put(tmp_path, "listening_history", history)
    heard = [
        {"listener_id": row["listener_id"], "track_uris": row["seed_uris"], "streams": [number, 1]}
        for number, row in enumerate(history)
    ]
    put(tmp_path, "heard", heard)
    names = [{"listener_id": listener(n), "segment": "odd" if n % 2 else "even"} for n in range(9)]
    put(tmp_path, "segments", names)
    return tmp_path


def audience(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist([{"row": n, **row} for n, row in enumerate(rows)], SORTED)


def test_each_listener_has_their_own(
    features: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_ROWS", 2)
    of = tracks(*[{"artist_uri": artist(n % 2)} for n in range(4)])
    ties = {"neighbours": [listener(1)], "similarities": [0.5]}
    followed = [artist(1), artist(77)]
    put(
        features,
        "social_graph",
        [{"listener_id": listener(8), **ties, "followed_artists": followed}],
    )
    asked = audience(
        {"listener_id": listener(2), "blocked_artists": [artist(1)], "blocked_tracks": [uri(0)]},
        {"listener_id": listener(8), "explicit": False, "market": "DE"},
        {"listener_id": listener(9)},
        {"listener_id": listener(10), "explicit": True},
    )
    two, eight, nine, ten = people.people(asked, found(features), of)
    assert (two.seeds, two.seed_places.tolist()) == ([uri(2), uri(99)], [2, -1])
    assert two.times == [int(CUT.timestamp()) - 2] * 2
    assert (two.heard.tolist(), two.streams.tolist()) == ([2], [2])
    assert sorted(two.blocked.tolist()) == [0, 1, 3]
    assert (two.explicit, two.market, two.segment) == (True, None, "even")
    assert two.features is not None
    streams = two.features[LISTENER_COLUMNS.index("streams_7d")]
    assert (streams, np.isnan(two.features[0])) == (2, True)
    assert (eight.explicit, eight.market, eight.heard.tolist()) == (False, "DE", [0])
    assert (eight.neighbours, eight.followed.tolist()) == (((listener(1), 0.5),), [1])
    assert (nine.segment, nine.heard.tolist()) == (None, [1])
    assert (ten.seeds, ten.features, ten.heard.tolist(), ten.explicit) == ([], None, [], True)


def test_what_is_popular_by_segment(features: pathlib.Path) -> None:
    of = tracks(*[{}] * 4)
    popular = Popularity.counted(found(features), of)
    # 0, 4, 8 have track 0 among the last ones, 2 and 6 track 2; 9 is in no segment.
    assert popular.of("even")[1] == {0, 2}
    assert popular.of("even")[0].tolist() == [0, 2, 0, 1, 2, 3]
    assert popular.of("odd")[0].tolist()[:2] == [1, 3]
    assert popular.of(None)[0].tolist() == popular.of("none")[0].tolist() == [0, 1, 2, 3]


def test_whose_artists_have_releases(features: pathlib.Path) -> None:
    day = datetime.timedelta(days=1)
    of = tracks(
        {"release_date": DAY - 3 * day},
        {"release_date": DAY - 40 * day},
        {"release_date": DAY + day},
        {"release_date": DAY},
    )
    new = Releases.found(found(features), of, 30)
    assert new.recent.tolist() == [3, 0]
    # 0, 4, 8 play artist 0, and 3 and 7 artist 3.
    assert [int(name, 16) for name in new.listeners.tolist()] == [0, 3, 4, 7, 8]
    assert new.artists.tolist() == [0, 3, 0, 3, 0]
    assert Releases.found(found(features), of, 0).recent.tolist() == []


def test_which_partitions_a_day_is_made_of(features: pathlib.Path) -> None:
    for day in (None, DAY, DAY + datetime.timedelta(days=3)):
        assert found(features, day).cut == CUT
    assert found(features).day == DAY
    with pytest.raises(ValueError, match="holds no listening_history from before the end of 2024"):
        found(features, DAY - datetime.timedelta(days=1))
    (features / "heard").rename(features / "away")
    with pytest.raises(ValueError, match="holds no heard as of 2024-03-20T00: segue features bui"):
        found(features)

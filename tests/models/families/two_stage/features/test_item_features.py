from __future__ import annotations

from math import log

import pytest

from models.families.two_stage.features.items import Items
from tests.models.families.two_stage.features.feature_fixture import DATA, check, found, shown

GROUP = Items(DATA)


def test_by_hand() -> None:
    check(
        GROUP(shown([0, 3]), found([2, 1])),
        {
            "count": [log(1 / 4), log(2 / 4)],
            "artist_count": [log(5 / 4), log(2 / 4)],
            "artist_tracks": [log(2), 0],
            "share_of_artist": [-log(5), 0],
            "seed_count": (log(4 / 4) + log(1 / 4)) / 2,
            "count_beside_seeds": [-log(4) / 2, log(2) - log(4) / 2],
        },
    )


def test_unknown_artist_and_no_seeds() -> None:
    values = GROUP(shown([]), found([3]))
    assert float(values["artist_count"][0]) == pytest.approx(log(1 / 4))
    assert float(values["artist_tracks"][0]) == 0
    assert float(values["seed_count"]) == pytest.approx(log(1 / 4))
    assert values["count_beside_seeds"].numpy().tolist() == [0]

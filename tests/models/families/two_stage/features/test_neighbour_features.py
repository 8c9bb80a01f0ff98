from __future__ import annotations

from math import log

import numpy as np
import pytest

from models.families.two_stage.features.neighbours import Neighbours
from tests.models.families.two_stage.features.feature_fixture import check, found, shown, sources


def test_by_hand() -> None:
    # The playlists' vectors are (2, 2), (1, 1), (1, 0) and (0, 0): weights 1/4, 1/4, 1 and 0.
    values = Neighbours(sources())(shown([0], vector=(3, 0)), found([2, 1, 3, 0]))
    shares = [0.25 / 1.5, 0.5 / 1.5, 0, 1]
    check(values, {"neighbours": [log(share + 1e-4) for share in shares]})


def test_what_points_away_does_not_count() -> None:
    values = Neighbours(sources())(shown([], vector=(-1, 0)), found([0, 1]))
    assert values["neighbours"].numpy() == pytest.approx([log(1e-4)] * 2)


def test_without_any_signal() -> None:
    values = Neighbours(sources())(shown([]), found([0]))
    assert values["neighbours"].numpy() == pytest.approx([log(1e-4)])


def test_playlists_are_bounded() -> None:
    few = Neighbours(sources(neighbour_playlists=2))
    (vectors,) = (one for one in few.variables if one.name.startswith("playlist_vectors"))
    assert vectors.shape == (2, 2)
    again = Neighbours(sources(neighbour_playlists=2))
    for one, other in zip(few.variables, again.variables, strict=True):
        np.testing.assert_array_equal(one, other)

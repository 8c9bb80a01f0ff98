from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from models.contract import Ragged
from models.families.two_stage.features import adjacency as module
from models.families.two_stage.features.adjacency import Adjacency, adjacency
from tests.models.families.two_stage.features.feature_fixture import check, found, shown, sources

ROWS = Ragged.from_rows([[0, 1, 2], [0, 1], [0], [3, 0]])
PAIRS = np.array([[0, 2, 0.5, 1], [2, 0, 1, 0], [0.5, 1, 0, 0], [1, 0, 0, 0]])


def log_of(value: float) -> float:
    return log(value + 1e-3)


def test_pairs_by_hand() -> None:
    np.testing.assert_allclose(adjacency(ROWS, 4, 10).toarray(), PAIRS)


def test_pairs_are_at_most_six_apart() -> None:
    pairs = adjacency(Ragged.from_rows([range(8)]), 8, 10).toarray()
    assert pairs[0].tolist() == pytest.approx([0, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 0])


def test_only_the_largest_of_a_row_are_kept() -> None:
    kept = adjacency(ROWS, 4, 1).toarray()
    np.testing.assert_allclose(kept, [[0, 2, 0, 0], [2, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]])


def test_parts_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PLAYLISTS", 1)
    np.testing.assert_allclose(adjacency(ROWS, 4, 10).toarray(), PAIRS)


def test_no_playlists() -> None:
    assert adjacency(Ragged.from_rows([]), 4, 10).nnz == 0


def test_by_hand() -> None:
    # Of track 0, in 4 playlists, the row counts half; of track 1, in 2, 1 / sqrt(2).
    all_seeds = [(0.25 + 1 / sqrt(2)) / 4, (0.5 + 1 + sqrt(2)) / 4]
    last = [(0.25 + 1 / sqrt(2)) / 3, (1 + sqrt(2)) / 3]
    check(
        Adjacency(sources())(shown([2, 0, 3, 1]), found([2, 0])),
        {
            "adjacent": [log_of(value) for value in all_seeds],
            "adjacent_last": [log_of(value) for value in last],
        },
    )


def test_without_known_seeds_and_with_one() -> None:
    group = Adjacency(sources())
    for value in group(shown([]), found([0, 1])).values():
        assert value.numpy() == pytest.approx([log_of(0)] * 2)
    for value in group(shown([3]), found([1, 0])).values():
        assert value.numpy() == pytest.approx([log_of(0), log_of(1)], abs=1e-6)

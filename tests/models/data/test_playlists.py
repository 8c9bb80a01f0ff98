from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from models.data import HeldOutPlaylists, TrainingData
from tests.models.training_fixture import held_out, ragged, training_data

DATA, _ = training_data([("rock", [0, 1, 2]), ("jazz", [3, 0]), ("", [1])])
HELD_OUT = held_out([[0], [], [2, 1]], [[1, 2], [3], []], [2, 1, 0], artists=[[0], [1], [0, 0]])


def test_some_playlists() -> None:
    some = HELD_OUT.select(np.array([2, 0]))
    assert [some.track_ids.row(row).tolist() for row in range(2)] == [[2, 1], [0]]
    assert some.num_targets.tolist() == [0, 2]
    followed = dataclasses.replace(DATA.train, num_followers=np.array([5, 6, 7]))
    found = followed.select(np.array([1])).num_followers
    assert found is not None
    assert found.tolist() == [6]
    assert DATA.train.select(np.array([1])).num_followers is None


def test_those_with_targets_and_their_query() -> None:
    usable = HELD_OUT.with_targets()
    assert len(usable) == 2
    query = usable.query()
    assert query.track_ids.to_list() == [[0], []]
    assert query.artist_ids.to_list() == [[0], [1]]


def test_hits() -> None:
    found = np.array([[2, 0, 1], [1, 2, -1]])
    assert HELD_OUT.hits(found).tolist() == [[True, False, True], [False, False, False]]
    assert HELD_OUT.hits(found[:1], start=1).tolist() == [[False, False, False]]
    assert HELD_OUT.hits(found[:0]).shape == (0, 3)


def test_one_after_another() -> None:
    both = HeldOutPlaylists.concatenate([HELD_OUT, HELD_OUT.select(np.array([1]))])
    assert len(both) == 4
    assert both.targets.row(3).tolist() == [3]
    assert both.num_targets.tolist() == [2, 1, 0, 1]


@pytest.mark.parametrize("part", ["catalogue", "train"])
def test_every_field_is_in_the_fingerprint(part: str) -> None:
    before = DATA.fingerprint()
    assert before == dataclasses.replace(DATA).fingerprint()
    value = getattr(DATA, part)
    for field in dataclasses.fields(value):
        changed = dataclasses.replace(value, **{field.name: other(getattr(value, field.name))})
        after = dataclasses.replace(DATA, **{part: changed})
        assert after.fingerprint() != before, field.name


def test_sizes_are_in_the_fingerprint() -> None:
    for field in dataclasses.fields(TrainingData):
        if field.name.startswith("num_"):
            changed: Any = {field.name: getattr(DATA, field.name) + 1}
            assert dataclasses.replace(DATA, **changed).fingerprint() != DATA.fingerprint()
    stop = dataclasses.replace(DATA, stop=np.array([1]))
    assert stop.fingerprint() != DATA.fingerprint()


def other(value: Any) -> Any:
    """Something of the same kind that differs a little."""
    if value is None:
        return np.zeros(3, np.int64)
    if isinstance(value, np.ndarray):
        more: Any = 1
        if value.dtype == object:
            more = b"x" if isinstance(value[-1], bytes) else "x"
        return np.append(value[:-1], value[-1:] + more)
    return ragged([[9], [], []])

"""One listener's lists of a published day."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pytest

from listening.recommending import looking_up, publishing
from listening.recommending.looking_up import DayOfLists
from schema.tables import RECOMMENDATIONS, SET_ASIDE
from tests.listening.recommending.making import CUT, DAY, listener, uri


def rows(*numbers: int) -> pa.Table:
    made = [
        {
            "listener_id": listener(number),
            "day": DAY,
            "model_version": "1",
            "track_uris": [uri(number)],
            "surface": surface,
        }
        for number in numbers
        for surface in ("discover", "home")
    ]
    return pa.Table.from_pylist(made, RECOMMENDATIONS)


def publish(out: pathlib.Path, *parts: pa.Table) -> publishing.Published:
    with publishing.publishing(str(out), DAY) as draft:
        draft.write(parts, SET_ASIDE.empty_table(), CUT)
    return draft.published


def test_each_listener_is_found_in_its_row_group(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking_up, "_GROUPS", 1)
    day = DayOfLists(publish(tmp_path, rows(1, 3), rows(5), rows(7, 8)))
    for number in (8, 1, 5, 3, 7, 1):
        found = day.of(listener(number))
        assert [row["surface"] for row in found] == ["discover", "home"]
        assert {row["track_uris"][0] for row in found} == {uri(number)}
        assert found[0]["reasons"] is None
    for number in (0, 2, 4, 6, 9):
        assert day.of(listener(number)) == []
    day.close()


def test_a_listener_over_the_border_of_two_row_groups(tmp_path: pathlib.Path) -> None:
    both = rows(1, 2, 3)
    day = DayOfLists(publish(tmp_path, both.slice(0, 3), both.slice(3)))
    assert [row["surface"] for row in day.of(listener(2))] == ["discover", "home"]
    day.close()


def test_a_day_without_lists(tmp_path: pathlib.Path) -> None:
    day = DayOfLists(publish(tmp_path))
    assert day.of(listener(1)) == []
    day.close()


def test_a_day_that_is_replaced_is_read_to_its_end(tmp_path: pathlib.Path) -> None:
    day = DayOfLists(publish(tmp_path, rows(1)))
    publish(tmp_path, rows(2))
    assert len(day.of(listener(1))) == 2
    day.close()

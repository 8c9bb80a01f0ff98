"""The side table of tracks that trend."""

from __future__ import annotations

import datetime
import pathlib

import pytest

from listening.counting import hours, trending
from schema.side_tables import read_side_table
from schema.tables import TRENDING
from tests.listening.events.making import HOUR, MORNING

NOON = datetime.datetime(2024, 3, 20, 12, tzinfo=datetime.timezone.utc)


@pytest.fixture
def counts(tmp_path: pathlib.Path) -> str:
    """The hours that end at 11, 12 and 13: streams, and what is no stream."""
    root = str(tmp_path / "counts")
    hours.place_hour(root, MORNING, 3, 9, {"a": (8, 0, 0, 0), "b": (0, 5, 1, 1)})
    hours.place_hour(root, MORNING + HOUR, 1, 5, {"a": (1, 0, 0, 0), "c": (3, 1, 0, 0)})
    hours.place_hour(root, MORNING + 2 * HOUR, 1, 5, {"c": (100, 0, 0, 0)})
    return root


def test_a_stream_counts_by_its_age(counts: str, tmp_path: pathlib.Path) -> None:
    found = trending(counts, str(tmp_path / "out"), half_life_hours=0.5, as_of=NOON)
    described, table = read_side_table(tmp_path / "out")
    assert (described, found.hours) == (found.table, 2)
    assert (described.name, described.as_of) == ("trending", NOON)
    assert table.schema.equals(TRENDING)
    assert table.to_pylist() == [
        {"track_uri": "a", "trend": 8 * 0.25 + 1, "streams": 9},
        {"track_uri": "c", "trend": 3.0, "streams": 3},
    ]


def test_by_default_it_is_as_of_the_end_of_the_last_hour(
    counts: str, tmp_path: pathlib.Path
) -> None:
    found = trending(counts, str(tmp_path / "out"), half_life_hours=24)
    assert (found.hours, found.table.rows) == (3, 2)
    assert found.table.as_of == NOON + datetime.timedelta(hours=1)
    again = trending(counts, str(tmp_path / "again"), half_life_hours=24)
    assert again.table == found.table


def test_what_there_is_nothing_to_make_of_is_refused(counts: str, tmp_path: pathlib.Path) -> None:
    out = str(tmp_path / "out")
    with pytest.raises(ValueError, match="no hour that ended by 2024-03-20T10"):
        trending(counts, out, 24, NOON - datetime.timedelta(hours=2))
    with pytest.raises(ValueError, match="holds no counted hours"):
        trending(str(tmp_path), out, 24)
    for half_life in (0.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="half_life_hours"):
            trending(counts, out, half_life)

"""`segue events count` and `segue events trending`, from landed events on."""

from __future__ import annotations

import pathlib
from typing import Any

from typer.testing import CliRunner

from listening.events import DirectorySource, land
from pipeline.cli import app
from schema.side_tables import read_side_table
from schema.status import EventsCountStatus, EventsTrendingStatus, StatusLine
from tests.listening.events.making import HOUR, MORNING, NOW, message, write


def status(*arguments: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["events", *map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return StatusLine.model_validate_json(done.stdout.splitlines()[-1]).root


def test_from_landed_events_to_a_table_of_what_trends(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "source", "a", [message(number) for number in range(100)])
    write(tmp_path / "source", "b", [message(999, event_time=MORNING + 5 * HOUR)])
    land(str(tmp_path / "events"), DirectorySource(str(tmp_path / "source")), clock=lambda: NOW)
    places = ("--events", tmp_path / "events", "--out", tmp_path / "counts")
    found = status("count", *places)
    assert isinstance(found, EventsCountStatus)
    assert (found.hours, found.open) == (["2024-03-20T10"], ["2024-03-20T15"])
    assert (found.reopened, found.too_late) == ([], 0)
    assert found.watermark == MORNING + 4 * HOUR
    assert status("count", *places, "--wait-hours", "0").hours == []
    places = ("--counts", tmp_path / "counts", "--out", tmp_path / "trending")
    made = status("trending", *places, "--as-of", "2024-03-20T11", "--half-life-hours", "2")
    assert isinstance(made, EventsTrendingStatus)
    described, table = read_side_table(tmp_path / "trending")
    assert made.table == described
    assert (made.hours, made.half_life_hours) == (1, 2)
    assert table.column("trend").to_pylist() == [2.0] * 50


def test_directories_with_nothing_in_them_are_told(tmp_path: pathlib.Path) -> None:
    found = status("count", "--events", tmp_path, "--out", tmp_path / "counts", code=1)
    assert found.error.endswith("holds no landed events: segue events land writes them")
    found = status("trending", "--counts", tmp_path, "--out", tmp_path / "out", code=1)
    assert found.error.endswith("holds no counted hours: segue events count writes them")

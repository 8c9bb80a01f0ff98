"""Who is erased leaves no trace: what every eraser does, and what is said of it."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from listening import erasure
from listening.events import DirectorySource, erasing, land, reading
from listening.events.store import Store
from pipeline.cli.main import app
from schema import output_lock
from schema.events import EventPlaces, manifests
from schema.side_tables import write_side_table
from tests.listening.events.making import DAY, HOUR, MORNING, NOW, append, message, write
from tests.listening.store.placing import feast
from tests.listening.stores import (
    GONE,
    STAYS,
    Filled,
    count,
    events,
    features,
    recommendations,
    served,
    slices,
    store,
    tables,
    traces,
)

_MADE: dict[str, Callable[[pathlib.Path], Filled]] = {
    "events": events,
    "features": features,
    "recommendations": recommendations,
    "slices": slices,
    "store": store,
    "tables": tables,
}


@pytest.fixture(params=[*_MADE, pytest.param("feast", marks=pytest.mark.services)])
def filled(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Filled:
    if request.param != "feast":
        return _MADE[request.param](tmp_path)
    python = request.getfixturevalue("feast_python")
    monkeypatch.setenv("SEGUE_FEAST_PYTHON", str(python))
    place = feast(tmp_path / "store", request.getfixturevalue("redis"), python)
    return served("feast", place, tmp_path)


def test_every_store_has_a_conformance_test() -> None:
    assert set(erasure.ERASERS) == {*_MADE, "feast"}


def test_no_byte_is_left_and_others_stay(filled: Filled) -> None:
    before = filled.rows()
    assert traces(filled.root, GONE)
    removed = erasure.erase({filled.name: filled.root}, [GONE])[filled.name]
    assert not traces(filled.root, GONE)
    assert traces(filled.root, STAYS)
    rows = sum(number for kind, number in removed.items() if kind != "files")
    # With a row of features go the entries of its lists.
    lists = 2 if filled.name == "features" else 0
    assert filled.rows() == before - rows - lists
    expected = {"events": 20 + 1 + 4, "tables": 10 + 1, "features": 1 + 1, "slices": 2}
    assert rows == expected.get(filled.name, 2 + 1)
    # Done again it finds nothing.
    assert set(erasure.erase({filled.name: filled.root}, [GONE])[filled.name].values()) == {0}
    assert filled.rows() == before - rows - lists


class CutError(BaseException):
    """The command ends here, as by a kill."""


class Cutter:
    """Ends a command right before or after its step-th call of those that are counted."""

    def __init__(self, step: int, when: str) -> None:
        self._left = step
        self._when = when

    def counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._when == "before":
                raise CutError
            found = call(*arguments, **named)
            if self._left == 0:
                raise CutError
            return found

        return made


@pytest.mark.parametrize("when", ["before", "after"])
def test_it_may_be_cut_short_at_any_step(
    when: str, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try gets a step further; a reader sees a row or does not, and never fails."""

    before, seen = filled.rows(), []
    while True:
        cutter = Cutter(len(seen) + 1, when)
        with monkeypatch.context() as patched:
            for name in ("replace", "fsync", "unlink"):
                patched.setattr(os, name, cutter.counted(getattr(os, name)))
            patched.setattr(pathlib.Path, "replace", cutter.counted(pathlib.Path.replace))
            try:
                erasure.erase({filled.name: filled.root}, [GONE])
            except CutError:
                seen.append(filled.rows())
                continue
        break
    assert seen
    assert seen == sorted(seen, reverse=True)
    assert all(before >= rows >= filled.rows() for rows in seen)
    assert not traces(filled.root, GONE)


def test_hours_get_a_new_version_and_the_rest_stays_as_it_was(tmp_path: pathlib.Path) -> None:
    root = events(tmp_path).root
    before = reading.landed(root)
    erasing.erase(root, [GONE])
    after = reading.landed(root)
    assert after.hours.keys() == before.hours.keys()
    changed = {hour.hour for hour in after.changed_since(before.commit)}
    for name, hour in after.hours.items():
        assert (name in changed) == (hour.rows < before.hours[name].rows)
        assert reading.read_hour(root, name).num_rows == hour.rows
    positions = Store(root).positions()
    assert positions == {0: 40, 1: 27}
    gone = sum(each.removed for each in manifests(EventPlaces(root)))
    assert gone == 25


def test_a_copy_that_comes_later_does_not_bring_the_listener_back(tmp_path: pathlib.Path) -> None:
    root = events(tmp_path).root
    erasing.erase(root, [GONE])
    write(tmp_path / "source", "c", [message(0, listener_id=GONE)])
    counts = land(root, DirectorySource(str(tmp_path / "source")), clock=lambda: NOW)
    assert (counts.landed, counts.duplicates) == (0, 1)
    assert not traces(root, GONE)


def test_what_is_old_leaves(tmp_path: pathlib.Path) -> None:
    root = events(tmp_path).root
    hours = list(reading.landed(root).hours)
    rows = {hour: each.rows for hour, each in reading.landed(root).hours.items()}
    end = MORNING + 2 * HOUR
    assert erasing.retain(root, 1, end + DAY - 1)["events"] == rows[hours[0]]
    found = erasing.retain(root, 1, end + DAY)
    assert (found["events"], found["dead_letters"]) == (rows[hours[1]], 0)
    assert list(reading.landed(root).hours) == hours[2:]
    assert erasing.retain(root, 1, end + DAY) == {"events": 0, "dead_letters": 0, "files": 0}
    assert erasing.retain(root, 1, NOW + DAY)["dead_letters"] == 5
    assert count(root) == 0
    again = land(root, DirectorySource(str(tmp_path / "source")), clock=lambda: NOW)
    assert again.read == 0


@pytest.mark.parametrize("cut", [False, True])
def test_manifests_that_name_no_file_any_more_become_one(
    cut: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, root = tmp_path / "source", str(tmp_path / "out")
    source.mkdir()
    for number in range(6):
        day = MORNING + number // 2 * DAY
        lines = [message(100 * number + n, event_time=day + n) for n in range(20)]
        append(source, "a", b"".join(line + b"\n" for line in [*lines, lines[0], b"poison"]))
        append(source, "b", message(5000 + number, event_time=day) + b"\n")
        land(root, DirectorySource(str(source)), clock=lambda: MORNING + 3 * DAY)
    before, positions = reading.landed(root), Store(root).positions()
    if cut:
        monkeypatch.setattr(os, "unlink", lambda *_: None)
    erasing.retain(root, 1, MORNING + 2 * DAY + HOUR)  # two of three days
    monkeypatch.undo()
    after = reading.landed(root)
    assert list(after.hours) == list(before.hours)[2:]
    assert after.events == 2 * 21
    for what in ("duplicates", "refused", "commit", "newest", "dead_letters"):
        assert getattr(after, what) == getattr(before, what)
    assert Store(root).positions() == positions
    # Of the first file each range has a dead letter, which is not old enough.
    kept = [(each.partition, each.first, each.last) for each in manifests(EventPlaces(root))]
    assert [each for each in kept if each[0]] == [(1, 0, 3), (1, 4, 4), (1, 5, 5)]
    assert len(os.listdir(EventPlaces(root).manifests)) == 6 + 3
    erasing.retain(root, 1, MORNING + 9 * DAY)
    assert len(os.listdir(EventPlaces(root).manifests)) == 2
    assert sum(each.removed for each in manifests(EventPlaces(root))) == 6 * 22
    append(source, "b", message(9000) + b"\n")
    assert land(root, DirectorySource(str(source)), clock=lambda: NOW).read == 1


def test_a_side_table_is_to_be_made_anew(tmp_path: pathlib.Path) -> None:
    now = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    write_side_table(tmp_path, "who", pa.table({"listener_id": [GONE]}), now)
    with pytest.raises(ValueError, match="make it anew"):
        erasure.erase({"tables": str(tmp_path)}, [GONE])


@pytest.mark.parametrize("listener", ["", "5EEDF00D" * 4, "x", GONE + "0"])
def test_what_is_no_pseudonym_is_refused(listener: str, filled: Filled) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        erasure.erase({filled.name: filled.root}, [listener])


def test_nothing_is_erased_while_somebody_writes(filled: Filled) -> None:
    with (
        output_lock.taken(filled.root, "segue events land"),
        pytest.raises(output_lock.InUseError, match="segue events land"),
    ):
        erasure.erase({filled.name: filled.root}, [GONE])


def segue(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["events", *arguments, "--json"])
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def test_the_commands(tmp_path: pathlib.Path) -> None:
    root, ties = events(tmp_path).root, tables(tmp_path).root
    asked = ("erase", "--listener", GONE, "--out", root, "--store", f"tables={ties}")
    code, told = segue(*asked)
    assert (code, told["listeners"]) == (0, 1)
    assert told["removed"]["events"]["events"] == 21
    assert told["removed"]["tables"]["rows"] == 11
    assert GONE not in json.dumps(told)
    assert not traces(str(tmp_path / "out"), GONE) + traces(ties, GONE)
    code, told = segue("retain", "--out", root, "--days", "1")
    assert (code, told["events"] > 0) == (0, True)
    for wrong in (
        ("erase", "--listener", GONE, "--out", str(tmp_path / "nowhere")),
        ("erase", "--listener", GONE, "--out", root, "--store", "cellar=x"),
        ("retain", "--out", str(tmp_path / "nowhere"), "--days", "1"),
    ):
        code, told = segue(*wrong)
        assert (code, told["status"]) == (2, "invalid")


def test_how_long_events_stay_may_be_configured(tmp_path: pathlib.Path) -> None:
    root = events(tmp_path).root
    config = tmp_path / "segue.yaml"
    config.write_text("events:\n  retention_days: 36500\n")
    asked = ("retain", "--out", root, "--config", str(config))
    code, told = segue(*asked)
    assert (code, told["days"], told["events"]) == (0, 36_500, 0)
    code, told = segue("retain", "--out", root)
    assert (code, told["status"]) == (2, "invalid")
    assert "events.retention_days" in told["error"]
    for bad in ("0", "-1", "40000", "soon", "[1]"):
        code, told = segue(*asked, "--set", f"events.retention_days={bad}")
        assert (code, told["status"]) == (2, "invalid")
        assert "events.retention_days" in told["error"]
    before = count(root)
    assert segue(*asked, "--days", "36000")[1]["days"] == 36_000, "an option is nearer than a file"
    code, told = segue(*asked, "--set", "events.retention_days=1")
    assert (code, told["days"], told["events"] > 0) == (0, 1, True)
    assert count(root) == before - told["events"] - told["dead_letters"]

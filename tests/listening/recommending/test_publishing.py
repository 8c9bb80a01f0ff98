"""A day of lists is whole or not there, whatever is killed; other days stay readable."""

from __future__ import annotations

import datetime
import itertools
import os
import pathlib
import shutil
import signal
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from listening.recommending import publishing
from schema import output_lock
from schema.tables import RECOMMENDATIONS, SET_ASIDE
from tests.listening.recommending.making import CUT, DAY, listener, uri

BEFORE = DAY - datetime.timedelta(days=1)


def lists(*numbers: int) -> pa.Table:
    rows = [
        {
            "listener_id": listener(number),
            "day": DAY,
            "model_version": str(number % 2),
            "track_uris": [uri(number)],
            "surface": "home",
        }
        for number in numbers
    ]
    return pa.Table.from_pylist(rows, RECOMMENDATIONS)


def put(root: pathlib.Path, *numbers: int, day: datetime.date = DAY) -> publishing.Draft:
    aside = pa.table({"row": [9, 3], "reason": ["repeated"] * 2}, schema=SET_ASIDE)
    with publishing.publishing(str(root), day) as draft:
        draft.write([lists(*numbers[:1]), lists(*numbers[1:])], aside, CUT)
    return draft


def names(root: pathlib.Path, until: datetime.date | None = None) -> list[int]:
    _, table = publishing.read(str(root), until)
    return [int(name, 16) for name in table.column("listener_id").to_pylist()]


def test_days_and_their_versions(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="holds no recommendations: segue recommend --listeners"):
        names(tmp_path)
    first = put(tmp_path, 1, 2, day=BEFORE)
    put(tmp_path, 3)
    again = put(tmp_path, 3)
    assert (first.changed, again.changed, again.published.version) == (True, False, 1)
    assert put(tmp_path, 4, 5).published.version == 2
    assert (names(tmp_path), names(tmp_path, BEFORE)) == ([4, 5], [1, 2])
    assert [(each.day, each.version) for each in publishing.published(str(tmp_path))] == [
        (BEFORE, 1),
        (DAY, 2),
    ]
    found, _ = publishing.read(str(tmp_path))
    assert found.age(CUT + datetime.timedelta(hours=30)) == datetime.timedelta(hours=30)
    assert (found.described().rows, found.models()) == (2, ("0", "1"))
    assert found.set_aside().column("row").to_pylist() == [3, 9]
    assert publishing.newest(str(tmp_path), BEFORE - datetime.timedelta(days=1)) is None
    with pytest.raises(ValueError, match="no recommendations of 2024-03-18 or before"):
        names(tmp_path, BEFORE - datetime.timedelta(days=1))


def test_one_at_a_time(tmp_path: pathlib.Path) -> None:
    with (
        publishing.publishing(str(tmp_path), DAY),
        pytest.raises(output_lock.InUseError, match="segue recommend"),
    ):
        put(tmp_path, 1, day=BEFORE)


def _killed_after(step: int, root: pathlib.Path) -> bool:
    """Publishes in a process that is killed after so many steps; whether it was."""
    child = os.fork()
    if not child:
        done = itertools.count(1)

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def made(*arguments: Any, **named: Any) -> Any:
                found = call(*arguments, **named)
                if next(done) == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return found

            return made

        for module, name in (
            *((os, name) for name in ("rename", "replace", "fsync", "makedirs")),
            (shutil, "rmtree"),
            (publishing.pq, "write_table"),
            (pathlib.Path, "replace"),
        ):
            setattr(module, name, counted(getattr(module, name)))
        put(root, 7, 8)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL
    return status != 0


def test_a_kill_at_any_moment_leaves_the_old_lists_or_the_new(tmp_path: pathlib.Path) -> None:
    seen = []
    for step in itertools.count(1):
        root = tmp_path / str(step)
        put(root, 1, 2, day=BEFORE)
        put(root, 3)
        killed = _killed_after(step, root)
        seen.append(names(root))
        assert names(root, BEFORE) == [1, 2]
        put(root, 9)  # whoever comes next finds nothing in the way
        assert names(root) == [9]
        assert sorted(path.name for path in root.iterdir()) == [
            ".lock",
            f"day={BEFORE}",
            f"day={DAY}",
        ]
        if not killed:
            break
    assert seen[-1] == [7, 8]
    assert 5 < seen.index([7, 8]) < len(seen)
    # From the moment in which they are there they stay.
    assert seen == sorted(seen)


def test_a_reader_meets_a_day_that_is_replaced(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, 1)
    find, left = publishing.newest, [3]

    def replaced(*arguments: Any) -> publishing.Published | None:
        found = find(*arguments)
        if left:
            put(tmp_path, left.pop())
        return found

    monkeypatch.setattr(publishing, "newest", replaced)
    assert names(tmp_path) == [3]

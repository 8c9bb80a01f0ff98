"""What the embedded store does beside what every store does."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pathlib
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from listening.store import OlderSpaceError, Pushed, open_store
from listening.store.embedded import erasing
from schema import output_lock
from schema.files import replacing
from schema.tables import FEATURE_VIEWS
from tests.listening.store.making import both, build, day, listener, segments, timed, vectors

PUSHED = timed(segments({1: "new", 2: "new"}), [day(3), day(3)])


def _kill_in_a_push(root: str, moment: str, when: str) -> None:
    store = open_store(f"embedded:{root}", root)

    def deadly(name: str, made: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            its = name == moment or (name == "execute" and arguments[1] == moment)
            if its and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            found = made(*arguments, **named)
            if its:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return called

    class Deadly(sqlite3.Connection):
        execute = deadly("execute", sqlite3.Connection.execute)  # type: ignore[assignment]
        executemany = deadly("executemany", sqlite3.Connection.executemany)  # type: ignore[assignment]

    store._online._known = sqlite3.connect(  # type: ignore[attr-defined]
        os.path.join(root, "online.sqlite"), isolation_level=None, factory=Deadly
    )
    pathlib.Path.replace = deadly("replace", pathlib.Path.replace)  # type: ignore[method-assign]
    store.push("segments", PUSHED)


@pytest.mark.parametrize(
    ("moment", "when", "left"),
    [
        ("replace", "before", "old"),
        ("replace", "after", "old"),
        ("executemany", "after", "old"),
        ("COMMIT", "before", "old"),
        ("COMMIT", "after", "new"),
    ],
)
def test_a_push_that_is_killed_leaves_old_or_new_of_what_is_served_and_what_is_joined(
    tmp_path: pathlib.Path, moment: str, when: str, left: str
) -> None:
    store = open_store(f"embedded:{tmp_path}", str(tmp_path))
    store.push("segments", timed(segments({1: "old", 2: "old"}), [day(2), day(2)]))
    process = multiprocessing.get_context("spawn").Process(
        target=_kill_in_a_push, args=(str(tmp_path), moment, when)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert both(store) == [left, left]
    store.push("segments", PUSHED)
    assert both(store) == ["new", "new"]
    assert len(os.listdir(tmp_path / "pushed" / "segments")) == 2
    store.close()


def test_a_push_that_is_refused_leaves_no_file(tmp_path: pathlib.Path) -> None:
    store = open_store(f"embedded:{tmp_path}", str(tmp_path))
    store.push("track_vectors", timed(vectors({"a": [1.0]}, "1"), [day(2)]))
    with pytest.raises(OlderSpaceError):
        store.push("track_vectors", timed(vectors({"a": [1.0]}, "2"), [day(3)]))
    assert len(os.listdir(tmp_path / "pushed" / "track_vectors")) == 1
    store.close()


def test_a_store_from_before_there_was_a_table_of_pushes(tmp_path: pathlib.Path) -> None:
    store = open_store(f"embedded:{tmp_path}", str(tmp_path))
    store.push("segments", timed(segments({1: "a", 2: "b"}), [day(2), day(2)]))
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "online.sqlite")) as known, known:
        known.execute("DROP TABLE pushes")
        for view in FEATURE_VIEWS:
            known.execute(f"ALTER TABLE {view} DROP COLUMN pushed")
        known.execute("PRAGMA user_version = 0")
    store = open_store(f"embedded:{tmp_path}", str(tmp_path))
    assert both(store) == ["a", "b"]
    store.push("segments", timed(segments({1: "c"}), [day(2)]))
    assert both(store) == ["c", "b"]
    store.close()


def _kill_in_a_transaction(root: str, features: str) -> None:
    store = open_store(f"embedded:{root}", features)
    made = sqlite3.Connection.executemany

    class Deadly(sqlite3.Connection):
        def executemany(self, *arguments):  # type: ignore[no-untyped-def]
            made(self, *arguments)
            os.kill(os.getpid(), signal.SIGKILL)

    store._online._known = sqlite3.connect(  # type: ignore[attr-defined]
        os.path.join(root, "online.sqlite"), isolation_level=None, factory=Deadly
    )
    store.materialise("segments")


def test_killed_in_the_middle_of_a_materialisation_all_of_the_old_is_served(
    tmp_path: pathlib.Path,
) -> None:
    root, features = str(tmp_path / "store"), tmp_path / "features"
    build(features, "segments", day(2), segments({1: "old", 2: "old"}))
    store = open_store(f"embedded:{root}", str(features))
    store.materialise("segments")
    build(features, "segments", day(3), segments({1: "new", 2: "new"}))
    process = multiprocessing.get_context("spawn").Process(
        target=_kill_in_a_transaction, args=(root, str(features))
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    keys = [listener(1), listener(2)]
    assert store.read("segments", keys).column("segment").to_pylist() == ["old", "old"]
    assert store.materialise("segments") == Pushed(2, 0)
    assert store.read("segments", keys).column("segment").to_pylist() == ["new", "new"]
    store.close()


def test_one_command_at_a_time_writes(tmp_path: pathlib.Path) -> None:
    store = open_store(f"embedded:{tmp_path}", str(tmp_path / "features"))
    rows = timed(segments({1: "a"}), [day(2)])
    with (
        output_lock.taken(str(tmp_path), "another command"),
        pytest.raises(output_lock.InUseError, match="another command"),
    ):
        store.push("segments", rows)
    assert store.read("segments", [listener(1)]).column("segment").to_pylist() == [None]
    store.close()


def test_what_a_killed_push_left_is_erased_too(tmp_path: pathlib.Path) -> None:
    home = tmp_path / "pushed" / "segments"
    home.mkdir(parents=True)
    with replacing(home / "a.parquet") as partial:
        left = partial.with_name(f"{partial.name}.parquet")
    (home / "a.parquet").unlink()
    left.write_bytes(listener(1).encode())
    erasing.erase(str(tmp_path), [listener(1)])
    assert list(home.iterdir()) == []

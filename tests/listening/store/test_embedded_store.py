"""What the embedded store does beside what every store does."""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import signal
import sqlite3

import pytest

from listening.store import Pushed, open_store
from listening.store.embedded import erasing
from schema import output_lock
from schema.files import replacing
from tests.listening.store.making import asked, build, day, listener, segments, timed


def test_a_kill_before_or_after_a_push_is_mended_by_the_same_push(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = timed(segments({1: "a"}), [day(2)])
    store = open_store(f"embedded:{tmp_path}", str(tmp_path / "features"))
    with monkeypatch.context() as patched:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr("listening.store.embedded.pushed.PushedRows.add", killed)
        with pytest.raises(KeyboardInterrupt):
            store.push("segments", rows)
    assert store.push("segments", rows) == Pushed(1, 0)
    assert store.join("segments", asked([(1, day(2))])).column("segment").to_pylist() == ["a"]
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
    both = [listener(1), listener(2)]
    assert store.read("segments", both).column("segment").to_pylist() == ["old", "old"]
    assert store.materialise("segments") == Pushed(2, 0)
    assert store.read("segments", both).column("segment").to_pylist() == ["new", "new"]
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

"""The index of keys: what a set would say, whatever is on disk and whatever went wrong."""

from __future__ import annotations

import os
import pathlib
import random

import numpy as np
import pytest

from listening.events import key_runs
from listening.events.keys import FOLDER, KeyIndex
from listening.events.parsing import DIGEST, digests
from schema.events import EventPlaces, Manifest

HORIZON = 8_000


def index(folder: pathlib.Path, now: int = 0, landed: tuple[Manifest, ...] = ()) -> KeyIndex:
    return KeyIndex(EventPlaces(str(folder)), HORIZON, now, landed)


def unseen(found: KeyIndex, *keys: str) -> list[bool]:
    return found.unseen(digests(keys), np.arange(len(keys))).tolist()


def runs(folder: pathlib.Path) -> list[str]:
    return sorted(os.listdir(folder / FOLDER))


def test_it_says_what_a_set_says(tmp_path: pathlib.Path) -> None:
    chosen = random.Random(3)
    known: set[str] = set()
    found = index(tmp_path)
    for commit in range(1, 60):
        batch = [str(chosen.randrange(3000)) for _ in range(chosen.randrange(1, 80))]
        fresh = [key not in known and key not in batch[:at] for at, key in enumerate(batch)]
        assert unseen(found, *batch) == fresh
        found.add(commit, 0, digests([k for k, new in zip(batch, fresh, strict=True) if new]))
        known |= set(batch)
        if commit % 3 == 0:
            found.save(0)
        if commit % 20 == 0:
            found.save(0)
            found = index(tmp_path)
        assert len(found) == len(known)
    assert len(runs(tmp_path)) <= 8


def test_of_copies_the_one_that_stood_first_is_no_copy(tmp_path: pathlib.Path) -> None:
    found = index(tmp_path)
    assert found.unseen(digests(["a", "b", "a"]), np.array([7, 1, 3])).tolist() == [
        False,
        True,
        True,
    ]


def test_keys_whose_first_halves_are_the_same(tmp_path: pathlib.Path) -> None:
    keys = np.array([(5, 1), (5, 9), (5, 4), (2, 4)], DIGEST)
    run = key_runs.of_keys(1, 1, 0, keys)
    asked = np.array([(2, 1), (2, 4), (5, 3), (5, 4), (5, 9), (9, 9)], DIGEST)
    assert run.has(asked).tolist() == [False, True, False, True, True, False]
    written = key_runs.write(str(tmp_path), [run, key_runs.of_keys(2, 2, 0, keys[:1])])
    assert written.has(asked).tolist() == [False, True, False, True, True, False]


def test_merging_in_many_buckets(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_runs, "_BUCKET", 10)
    keys = digests([str(number) for number in range(1000)])
    parts = [key_runs.of_keys(at, at, 0, keys[at::4]) for at in range(4)]
    merged = key_runs.write(str(tmp_path), parts)
    rising = keys[np.lexsort((keys["low"], keys["high"]))]
    assert merged.high.tolist() == rising["high"].tolist()
    assert merged.low.tolist() == rising["low"].tolist()


def test_old_keys_are_dropped(tmp_path: pathlib.Path) -> None:
    found = index(tmp_path)
    found.add(1, 1_000, digests(["old"]))
    found.save(1_000)
    found.add(2, 5_000, digests(["new"]))
    found.save(5_000)
    assert len(runs(tmp_path)) == 2  # of different parts of the horizon
    assert unseen(index(tmp_path, 9_000), "old", "new") == [False, False]
    assert unseen(index(tmp_path, 9_001), "old", "new") == [True, False]
    assert len(runs(tmp_path)) == 1


@pytest.mark.parametrize("harm", ["cut", "emptied", "another", "partial"])
def test_a_run_that_is_none_is_removed(harm: str, tmp_path: pathlib.Path) -> None:
    found = index(tmp_path)
    found.add(1, 0, digests(["a", "b"]))
    found.save(0)
    (name,) = runs(tmp_path)
    path = tmp_path / FOLDER / name
    content = path.read_bytes()
    if harm == "partial":
        path.with_name(".partial-x").write_bytes(content)
    elif harm == "another":
        path.write_bytes(b"X" * len(content))
    else:
        path.write_bytes(content[:20] if harm == "cut" else b"")
    assert unseen(index(tmp_path), "a", "c") == [harm != "partial", True]
    assert runs(tmp_path) == ([name] if harm == "partial" else [])


def test_runs_that_were_merged_before_a_kill(tmp_path: pathlib.Path) -> None:
    folder = str(tmp_path / FOLDER)
    one = key_runs.write(folder, [key_runs.of_keys(1, 1, 0, digests(["a"]))])
    two = key_runs.write(folder, [key_runs.of_keys(2, 2, 0, digests(["b"]))])
    key_runs.write(folder, [one, two])
    found = index(tmp_path)
    assert len(found) == 2
    assert len(runs(tmp_path)) == 1

"""A registry in a directory that is killed, full, locked, unreadable, moved or restored."""

from __future__ import annotations

import errno
import itertools
import os
import pathlib
import shutil
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from schema import locks
from serving.registry import Registry, RegistryUnavailableError
from tests.serving.registry.opening import Place


@pytest.fixture
def there(tmp_path: pathlib.Path) -> Place:
    """A registry of two versions, the first of which is the champion."""
    place = Place(str(tmp_path / "registry"), "segue", tmp_path)
    with place.open() as registry:
        registry.register(place.registration(1))
        registry.promote("champion", 1, expected=None)
        registry.register(place.registration(2), alias="challenger")
    return place


def register(registry: Registry, place: Place) -> None:
    registry.register(place.registration(3), alias="challenger")


def promote(registry: Registry, place: Place) -> None:
    registry.promote("champion", 2, expected=1)


def state(place: Place) -> tuple[Any, ...]:
    """All that the registry tells, but for when it was."""
    with place.open() as registry:
        versions = [(each.serving_version, tuple(each.aliases)) for each in registry.versions()]
        moves = [(move.alias, move.former, move.version) for move in registry.history()]
    return versions, moves


BEFORE = (
    [(1, ("champion",)), (2, ("challenger",))],
    [("champion", None, 1), ("challenger", None, 2)],
)
AFTER = {
    register: (
        [(1, ("champion",)), (2, ()), (3, ("challenger",))],
        [*BEFORE[1], ("challenger", 2, 3)],
    ),
    promote: ([(1, ()), (2, ("challenger", "champion"))], [*BEFORE[1], ("champion", 1, 2)]),
}


#: What a full disk refuses, and what it does not.
FILLING = ("touch", "mkdir", "write_bytes", "write_text")
STEPS = (*FILLING, "replace", "unlink")


def _at_each_step(
    act: Callable[[int], None],
    patch: Callable[[Any, str, Any], None],
    steps: Sequence[str] = STEPS,
) -> None:
    """Calls `act` with the number of each step that changes the disk, before it is made."""
    numbers = itertools.count(1)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            act(next(numbers))
            return call(*arguments, **named)

        return made

    for name in steps:
        patch(pathlib.Path, name, counted(getattr(pathlib.Path, name)))


@pytest.mark.parametrize("action", AFTER)
def test_killed_at_every_step(
    there: Place, action: Callable[[Registry, Place], None], tmp_path: pathlib.Path
) -> None:
    there.registration(3)
    for at in itertools.count(1):
        copy = Place(str(tmp_path / f"killed-{at}"), "segue", tmp_path)
        shutil.copytree(there.uri, copy.uri)
        child = os.fork()  # what it takes to start is here already
        if not child:

            def kill(number: int, at: int = at) -> None:
                if number == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            given = copy.registration(3)
            _at_each_step(kill, setattr)
            with copy.open() as registry:
                if action is register:
                    registry.register(given, alias="challenger")
                else:
                    action(registry, copy)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert was_killed or status == 0
        found = state(copy)
        assert found in (BEFORE, AFTER[action])
        with copy.open(timeout=5) as registry:
            if found == BEFORE:
                action(registry, copy)
        assert state(copy) == AFTER[action]
        with copy.open(timeout=5) as registry:
            registry.register(copy.registration(1))
        assert not list(pathlib.Path(copy.uri).rglob(".partial-*"))
        if not was_killed:
            assert at > 3
            return


@pytest.mark.parametrize("action", AFTER)
def test_a_full_disk_at_every_step(
    there: Place, action: Callable[[Registry, Place], None], tmp_path: pathlib.Path
) -> None:
    for at in itertools.count(1):
        copy = Place(str(tmp_path / f"full-{at}"), "segue", tmp_path)
        shutil.copytree(there.uri, copy.uri)
        given = copy.registration(3)

        def fail(number: int, at: int = at) -> None:
            if number == at:
                raise OSError(errno.ENOSPC, "No space left on device", "the disk")

        said = ""
        with pytest.MonkeyPatch.context() as patch, copy.open() as registry:
            _at_each_step(fail, patch.setattr, FILLING)
            try:
                if action is register:
                    registry.register(given, alias="challenger")
                else:
                    action(registry, copy)
            except RegistryUnavailableError as error:
                said = str(error)
        assert said in ("", "the disk: No space left on device")
        assert state(copy) == (BEFORE if said else AFTER[action])
        if not said:
            assert at > 2
            return


def test_whoever_waits_too_long_says_for_whom(there: Place) -> None:
    lock = pathlib.Path(there.uri, "segue", "registry.lock")
    with locks.held(lock, "registry promote"), there.open(timeout=0.1) as registry:
        with pytest.raises(RegistryUnavailableError, match=r"is held by process .*promote"):
            registry.promote("champion", 2, expected=1)
        current = registry.current("champion")
        assert current is not None
        assert current.serving_version == 1
    assert state(there) == BEFORE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not a registry's record"),
        ("[]", "is not a registry's record"),
        ('{"model": "segue", "moves": [{"version": "2"}]}', "is not a registry's record"),
        ('{"model": "segue-new_users"}', "is the record of 'segue-new_users', not of 'segue'"),
        ('{"model": "segue", "schema_version": 2}', "was written by a later Segue"),
        ("[" * 100_000, "is not a registry's record"),
    ],
)
def test_a_record_that_is_none(there: Place, text: str, says: str) -> None:
    record = pathlib.Path(there.uri, "segue", "registry.json")
    record.write_text(text)
    with there.open() as registry:
        for call in (
            lambda: registry.current("champion"),
            registry.versions,
            registry.history,
            lambda: register(registry, there),
            lambda: promote(registry, there),
        ):
            with pytest.raises(RegistryUnavailableError, match=says):
                call()
    assert record.read_text() == text


def test_a_directory_that_is_a_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "registry").write_text("")
    place = Place(str(tmp_path / "registry"), "segue", tmp_path)
    with place.open() as registry:
        with pytest.raises(RegistryUnavailableError, match=r"Not a directory|File exists"):
            registry.register(place.registration(1))
        with pytest.raises(RegistryUnavailableError, match="Not a directory"):
            registry.current("champion")


def test_a_directory_may_be_moved(there: Place, tmp_path: pathlib.Path) -> None:
    os.rename(there.uri, tmp_path / "moved")
    with Place(str(tmp_path / "moved"), "segue", tmp_path).open() as registry:
        found = registry.version(2)
    assert pathlib.Path(found.page) == tmp_path / "moved" / "segue" / "2" / "index.html"
    assert pathlib.Path(found.page).read_text() == "<p>version 2"


def test_a_relative_directory_stays_where_it_was(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place("registry", "segue", tmp_path)
    with place.open() as registry:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        registry.register(place.registration(1))
    assert (tmp_path / "registry" / "segue" / "1" / "metrics.json").is_file()

"""Registrations that wait for a registry that is down, and are made up later."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from schema.registry import Registration
from serving.registry import (
    AliasMovedError,
    Registry,
    RegistryUnavailableError,
    keep,
    make_up,
    waiting,
)
from tests.serving.registry.opening import Place


@pytest.fixture
def there(tmp_path: pathlib.Path) -> Place:
    return Place(str(tmp_path / "registry"), "segue", tmp_path)


@pytest.fixture
def place(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "out" / "serving" / "unregistered")


def numbers(place: str, model: str = "segue") -> list[int]:
    return [int(pathlib.Path(folder).name) for folder in waiting(place, model)]


def test_nothing_waits(there: Place, place: str) -> None:
    assert numbers(place) == []
    with there.open() as registry:
        assert make_up(place, registry) == []


def test_what_waits_is_registered_the_oldest_first(there: Place, place: str) -> None:
    given = {version: there.registration(version) for version in (12, 7)}
    for version, each in given.items():
        keep(place, each, "challenger", "it was down")
        # The next run writes over them.
        pathlib.Path(each.metrics_file).write_text("another run's")
        pathlib.Path(each.page).unlink()
        assert version in numbers(place)
    assert numbers(place) == [7, 12]
    assert numbers(place, "segue-new_users") == []
    with there.open() as registry:
        assert make_up(place, registry) == [(7, True, ""), (12, True, "")]
        assert [move.version for move in registry.history()] == [7, 12]
        found = registry.version(7)
    assert pathlib.Path(found.metrics_file).read_text() == '{"schema_version": 1, "version": 7}'
    assert pathlib.Path(found.page).read_text() == "<p>version 7"
    changed = {"metrics_file", "page"}
    assert found.model_dump(include=set(Registration.model_fields) - changed) == given[
        7
    ].model_dump(exclude=changed)
    assert numbers(place) == []


def test_without_alias_and_report(there: Place, place: str) -> None:
    given = there.registration(7, metrics_file="", page="")
    keep(place, given, "", "it was down")
    with there.open() as registry:
        assert make_up(place, registry) == [(7, True, "")]
        assert list(registry.history()) == []
        assert registry.version(7).page == ""


class Down(Registry):
    """Registers so many versions and is down then."""

    def __init__(self, registry: Registry, calls: int) -> None:
        super().__init__(registry.uri, registry.model)
        self._registry = registry
        self._calls = calls

    def register(self, registration, *, alias=None):
        self._calls -= 1
        if self._calls < 0:
            raise RegistryUnavailableError("it is down")
        return self._registry.register(registration, alias=alias)

    def versions(self):
        raise NotImplementedError

    def current(self, alias):
        raise NotImplementedError

    def history(self):
        raise NotImplementedError

    def read(self, path):
        raise NotImplementedError

    def _move(self, alias, version, expected, action, reason):
        raise AliasMovedError(alias, expected, None)


def test_down_again_in_the_middle(there: Place, place: str) -> None:
    for version in (1, 2, 3):
        keep(place, there.registration(version), "challenger", "it was down")
    with there.open() as registry:
        with pytest.raises(RegistryUnavailableError):
            make_up(place, Down(registry, 2))
        assert numbers(place) == [3]
        assert [each.serving_version for each in registry.versions()] == [1, 2]
        assert make_up(place, registry) == [(3, True, "")]


def test_what_is_registered_by_now(there: Place, place: str) -> None:
    keep(place, there.registration(7), "challenger", "it did not answer, but did it")
    with there.open() as registry:
        first = registry.register(there.registration(7), alias="challenger")
        assert make_up(place, registry) == [(7, True, "")]
        assert list(registry.versions()) == [first]
        assert len(registry.history()) == 1


def test_a_version_that_is_gone_is_forgotten(there: Place, place: str) -> None:
    given = there.registration(7)
    keep(place, given, "challenger", "it was down")
    shutil.rmtree(given.saved_model)
    with there.open() as registry:
        assert make_up(place, registry) == [(7, False, f"{given.saved_model} is gone")]
        assert list(registry.versions()) == []
    assert numbers(place) == []


def test_what_is_refused_goes_on_waiting(there: Place, place: str) -> None:
    keep(place, there.registration(7, content="f" * 64), "challenger", "it was down")
    keep(place, there.registration(8), "challenger", "it was down")
    keep(place, there.registration(9), "challenger", "it was down")
    pathlib.Path(place, "segue", "8", "registration.json").write_text("{}[")
    with there.open() as registry:
        registry.register(there.registration(7))
        seven, eight, nine = make_up(place, registry)
        assert registry.version(7).content == there.registration(7).content
    assert (seven.version, seven.registered) == (7, False)
    assert "with another content" in seven.problem
    assert (eight.version, eight.registered) == (8, False)
    assert "JSON" in eight.problem
    assert nine == (9, True, "")
    assert numbers(place) == [7, 8]


def test_what_was_not_written_whole_does_not_wait(there: Place, place: str) -> None:
    keep(place, there.registration(7), "challenger", "it was down")
    pathlib.Path(place, "segue", "7", "registration.json").unlink()
    (pathlib.Path(place, "segue") / "notes").mkdir()
    assert numbers(place) == []


def test_where_nothing_can_be_written(there: Place, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write down what is to be registered at"):
        keep(str(tmp_path / "file"), there.registration(7), "", "it was down")

"""What every registry does."""

from __future__ import annotations

import pathlib
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.registry import ALIASES, Alias, Move
from serving.registry import (
    ADAPTERS,
    AliasMovedError,
    NothingBeforeError,
    OtherContentError,
    Registry,
    RegistryError,
    UnknownVersionError,
)
from tests.serving.registry.opening import KINDS, Place, place
from tests.serving.registry.racing import at_once


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    """A registry in which nothing is registered yet."""
    return place(str(request.param), request, tmp_path)


def on(registry: Registry, alias: Alias) -> int | None:
    """The serving version that an alias is on."""
    found = registry.current(alias)
    return None if found is None else found.serving_version


def test_nothing_is_registered_at_first(there: Place) -> None:
    with there.open() as registry:
        assert list(registry.versions()) == []
        assert list(registry.history()) == []
        assert [registry.current(alias) for alias in ALIASES] == [None, None]
        with pytest.raises(UnknownVersionError, match=f"version 7 of {there.model} is not"):
            registry.version(7)
        with pytest.raises(UnknownVersionError):
            registry.promote("champion", 7, expected=None)
        assert list(registry.history()) == []


def test_a_version_is_read_as_it_was_registered(there: Place) -> None:
    given = there.registration(7)
    with there.open() as registry:
        made = registry.register(given)
    pathlib.Path(given.metrics_file).write_text("another run's")
    pathlib.Path(given.page).unlink()
    with there.open() as registry:
        (found,) = registry.versions()
        assert found == made == registry.version(7)
        assert registry.read(found.metrics_file) == b'{"schema_version": 1, "version": 7}'
        assert registry.read(found.page) == b"<p>version 7"
    told = given.model_dump(exclude={"metrics_file", "page"})
    assert found.model_dump(include=set(told)) == told
    assert found.registered_at.endswith("+00:00")
    assert "@" in found.registered_by
    assert found.aliases == []


def test_a_version_may_come_without_report_and_card(there: Place) -> None:
    given = there.registration(7)
    bare = type(given)(
        model=given.model, serving_version=7, saved_model=given.saved_model, content=given.content
    )
    with there.open() as registry:
        found = registry.register(bare)
        assert found == registry.version(7)
    assert (found.metrics, found.metrics_file, found.page) == ({}, "", "")
    assert (found.family, found.catalogue_size, found.signatures) == ("", None, [])
    assert found.lineage == given.lineage.of({})


def test_versions_come_by_their_number(there: Place) -> None:
    with there.open() as registry:
        for version in (12, 7, 1795296127, 2**40):
            registry.register(there.registration(version))
        found = [each.serving_version for each in registry.versions()]
        numbers = {each.number for each in registry.versions()}
    assert found == [7, 12, 1795296127, 2**40]
    assert len(numbers) == 4


def test_the_same_version_again_changes_nothing(there: Place) -> None:
    with there.open() as registry:
        first = registry.register(there.registration(7), alias="challenger")
        again = there.registration(7, family="other", metrics={})
        assert registry.register(again, alias="challenger") == first
        assert len(registry.versions()) == 1
        assert len(registry.history()) == 1


def test_another_model_of_the_same_number_is_refused(there: Place) -> None:
    with there.open() as registry:
        first = registry.register(there.registration(7))
        with pytest.raises(OtherContentError, match="version 7"):
            registry.register(there.registration(7, content="f" * 64), alias="challenger")
        assert registry.versions() == [first]
        assert registry.current("challenger") is None


def test_files_that_are_not_there_are_not_registered(there: Place) -> None:
    given = there.registration(7)
    pathlib.Path(given.page).unlink()
    with there.open() as registry:
        with pytest.raises(RegistryError, match=r"index\.html"):
            registry.register(given, alias="challenger")
        assert list(registry.versions()) == []
        assert list(registry.history()) == []
        registry.register(there.registration(7), alias="challenger")
        assert on(registry, "challenger") == 7


def test_a_version_of_another_registered_model_is_refused(there: Place) -> None:
    given = there.registration(7).model_copy(update={"model": "segue"})
    with there.open() as registry:
        with pytest.raises(RegistryError, match="segue"):
            registry.register(given)
        assert list(registry.versions()) == []


def test_a_registration_puts_its_alias_on_once(there: Place) -> None:
    with there.open() as registry:
        assert registry.register(there.registration(1), alias="challenger").aliases == [
            "challenger"
        ]
        registry.register(there.registration(2), alias="challenger")
        assert on(registry, "challenger") == 2
        # A run that pushes nothing new registers what is there again.
        registry.register(there.registration(1), alias="challenger")
        assert on(registry, "challenger") == 2
        registry.register(there.registration(3))
        registry.promote("champion", 3, expected=None)
        registry.register(there.registration(3), alias="challenger")
        assert on(registry, "challenger") == 2
        # What was registered without an alias gets it.
        registry.register(there.registration(4))
        registry.register(there.registration(4), alias="challenger")
        assert on(registry, "challenger") == 4
        moves = [(move.alias, move.former, move.version) for move in registry.history()]
    assert moves == [
        ("challenger", None, 1),
        ("challenger", 1, 2),
        ("champion", None, 3),
        ("challenger", 2, 4),
    ]


def test_promotions_and_what_is_told_of_them(there: Place) -> None:
    with there.open() as registry:
        for version in (1, 2):
            registry.register(there.registration(version))
        first = registry.promote("champion", 1, expected=None)
        second = registry.promote("champion", 2, expected=1, reason="it won the test: p < 0.01")
        registry.promote("challenger", 2, expected=None)
        assert list(registry.history())[:2] == [first, second]
        assert registry.version(2).aliases == ["challenger", "champion"]
        assert registry.version(1).aliases == []
        current = registry.current("champion")
        assert current == registry.version(2)
    assert (second.alias, second.former, second.version) == ("champion", 1, 2)
    assert (second.action, second.reason) == ("promote", "it won the test: p < 0.01")
    assert second.at.endswith("+00:00")
    assert "@" in second.by
    assert first.reason == ""


def test_an_alias_that_is_elsewhere_is_not_moved(there: Place) -> None:
    with there.open() as registry:
        for version in (1, 2, 3):
            registry.register(there.registration(version))
        with pytest.raises(AliasMovedError, match="champion is on no version, not on version 1"):
            registry.promote("champion", 2, expected=1)
        registry.promote("champion", 1, expected=None)
        with pytest.raises(AliasMovedError, match="on version 1, not on version 3") as error:
            registry.promote("champion", 2, expected=3)
        assert (error.value.alias, error.value.expected, error.value.found) == ("champion", 3, 1)
        with pytest.raises(AliasMovedError, match="on version 1, not on no version"):
            registry.promote("champion", 2, expected=None)
        with pytest.raises(AliasMovedError):
            registry.rollback("champion", expected=2)
        with pytest.raises(UnknownVersionError):
            registry.promote("champion", 4, expected=1)
        assert on(registry, "champion") == 1
        assert len(registry.history()) == 1


def test_an_alias_that_is_there_already_makes_no_history(there: Place) -> None:
    with there.open() as registry:
        registry.register(there.registration(1))
        first = registry.promote("champion", 1, expected=None, reason="first")
        assert registry.promote("champion", 1, expected=1, reason="again") == first
        assert list(registry.history()) == [first]


def test_rollbacks(there: Place) -> None:
    with there.open() as registry:
        for version in (1, 2, 3):
            registry.register(there.registration(version))
        with pytest.raises(AliasMovedError):
            registry.rollback("champion", expected=1)
        registry.promote("champion", 1, expected=None)
        with pytest.raises(NothingBeforeError, match="champion was on no version before version 1"):
            registry.rollback("champion", expected=1)
        registry.promote("champion", 2, expected=1)
        registry.promote("challenger", 1, expected=None)
        back = registry.rollback("champion", expected=2, reason="fewer clicks")
        assert (back.former, back.version, back.action) == (2, 1, "rollback")
        assert back.reason == "fewer clicks"
        with pytest.raises(NothingBeforeError):
            registry.rollback("champion", expected=1)
        registry.promote("champion", 3, expected=1)
        assert registry.rollback("champion", expected=3).version == 1
        assert on(registry, "champion") == 1


def test_models_do_not_know_of_each_other(there: Place) -> None:
    other = Place(there.uri, f"{there.model}x", there.folder)
    with there.open() as registry, other.open() as another:
        registry.register(there.registration(1), alias="challenger")
        assert list(another.versions()) == []
        assert another.current("challenger") is None
        another.register(other.registration(2), alias="challenger")
        assert [each.serving_version for each in registry.versions()] == [1]
        assert on(registry, "challenger") == 1
        assert len(another.history()) == 1


_VERSIONS = st.integers(1, 3)
_EXPECTED = st.none() | _VERSIONS
_ACTIONS = st.one_of(
    st.tuples(st.just("register"), _VERSIONS, st.none() | st.sampled_from(ALIASES)),
    st.tuples(st.just("promote"), st.sampled_from(ALIASES), _VERSIONS, _EXPECTED),
    st.tuples(st.just("rollback"), st.sampled_from(ALIASES), _VERSIONS),
)


_LISTS = st.lists(_ACTIONS, min_size=4, max_size=10)


def _any(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(actions=_LISTS)
@_any(25)
def test_any_moves(tmp_path: pathlib.Path, actions: list[tuple]) -> None:
    _check_moves(Place(str(tmp_path / "registry"), "segue-any", tmp_path), actions)


@pytest.mark.services
@pytest.mark.parametrize("kind", ["mlflow-sqlite"])
@given(actions=_LISTS)
@_any(4)  # each takes seconds
def test_any_moves_at_a_server(
    kind: str, request: pytest.FixtureRequest, tmp_path: pathlib.Path, actions: list[tuple]
) -> None:
    _check_moves(place(kind, request, tmp_path), actions)


def _check_moves(there: Place, actions: list[tuple]) -> None:
    """Aliases are where an account of them says, and the history tells how they got there."""
    here = Place(there.uri, f"{there.model}_{uuid.uuid4().hex[:12]}", there.folder)
    registered: set[int] = set()
    aliases: dict[str, int] = {}
    had: dict[str, list[int]] = {alias: [] for alias in ALIASES}
    with here.open() as registry:
        for action, *rest in actions:
            before = list(registry.history())
            move: Move | None = None
            if action == "register":
                version, alias = rest
                registry.register(here.registration(version), alias=alias)
                registered.add(version)
                ever = {each.version for each in before if each.alias == alias}
                if alias and version not in ever and aliases.get("champion") != version:
                    aliases[alias] = version
                    had[alias].append(version)
                else:
                    alias = None
            elif action == "promote":
                alias, version, expected = rest
                if aliases.get(alias) != expected or version not in registered:
                    with pytest.raises((AliasMovedError, UnknownVersionError)):
                        registry.promote(alias, version, expected=expected)
                    alias = None
                else:
                    move = registry.promote(alias, version, expected=expected)
                    if aliases.get(alias) == version:
                        alias = None
                    else:
                        aliases[alias] = version
                        had[alias].append(version)
            else:
                alias, expected = rest
                if aliases.get(alias) != expected:
                    with pytest.raises(AliasMovedError):
                        registry.rollback(alias, expected=expected)
                    alias = None
                elif len(had[alias]) < 2:
                    with pytest.raises(NothingBeforeError):
                        registry.rollback(alias, expected=expected)
                    alias = None
                else:
                    move = registry.rollback(alias, expected=expected)
                    had[alias].pop()
                    aliases[alias] = had[alias][-1]
            assert {each: on(registry, each) for each in ALIASES} == {
                each: aliases.get(each) for each in ALIASES
            }
            after = list(registry.history())
            assert after[: len(before)] == before
            if alias is None:
                assert len(after) == len(before)
            else:
                (made,) = after[len(before) :]
                assert (made.alias, made.version, made.action) == (alias, aliases[alias], action)
                assert move in (None, made)
        assert {each.serving_version for each in registry.versions()} == registered


def test_of_promotions_at_once_one_wins(there: Place) -> None:
    with there.open() as registry:
        for version in (1, 2, 3):
            registry.register(there.registration(version))
        registry.promote("champion", 1, expected=None)
        ends = at_once(there, [("promote", 2, 1), ("promote", 3, 1), ("promote", 2, 1)])
        assert sorted(ends) == ["done", "moved", "moved"]
        assert on(registry, "champion") == (3 if ends[1] == "done" else 2)
        moves = [(move.former, move.version) for move in registry.history()]
    assert moves == [(None, 1), (1, 3 if ends[1] == "done" else 2)]


def test_registrations_at_once(there: Place) -> None:
    ends = at_once(there, [("register", 1, None), ("register", 1, None), ("register", 2, None)])
    assert ends == ["done", "done", "done"]
    with there.open() as registry:
        assert [each.serving_version for each in registry.versions()] == [1, 2]
        moves = [move.version for move in registry.history()]
        assert on(registry, "challenger") == moves[-1]
    assert sorted(moves) == [1, 2]


def test_every_registry_is_here() -> None:
    modules = {module.rpartition(".")[2] for module in ADAPTERS.values()}
    assert {str(each.values[0]).partition("-")[0] for each in KINDS} <= modules

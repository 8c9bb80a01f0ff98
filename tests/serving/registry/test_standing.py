"""A registry beside what is served: agreeing, restored from yesterday, down, or not told yet."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from serving.registry import describe, open_registry, resolve, standing
from serving.release import look
from tests.serving.registry.pushed import push, released


class World:
    """A destination and its registry."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.base = folder / "serving" / "segue"
        self.record = str(self.base.parent / "releases.json")
        self.uri = str(folder / "serving" / "registry")

    def register(self, *versions: int) -> None:
        with open_registry(self.uri, "segue") as registry:
            for version in versions:
                registry.register(describe(str(self.base / str(version)), "segue"))

    def champion(self, version: int) -> None:
        with open_registry(self.uri, "segue") as registry:
            current = registry.current("champion")
            registry.promote("champion", version, expected=current and current.serving_version)

    def resolved(self, uri: str | None = None) -> tuple[int | None, str, str]:
        place = self.uri if uri is None else uri
        found = resolve(str(self.base), self.record, place, "segue", timeout=0.5)
        version = found.served.version
        assert found.served.path == (None if version is None else str(self.base / str(version)))
        return version, found.by, found.note

    def differences(self) -> tuple[str, ...]:
        served = look(str(self.base), self.record, "segue")
        with open_registry(self.uri, "segue") as registry:
            return standing(registry, served).differences


@pytest.fixture
def world(tmp_path: pathlib.Path) -> World:
    """Versions 1 to 3, the first two of which are registered."""
    made = World(tmp_path)
    for version in (1, 2, 3):
        push(made.base, version)
    made.register(1, 2)
    return made


def test_without_registry_the_destination_says_what_is_served(world: World) -> None:
    assert world.resolved("") == (3, "destination", "")
    released(world.base, 2)
    assert world.resolved("") == (2, "release record", "")


def test_without_champion_too(world: World) -> None:
    assert world.resolved() == (3, "destination", "")
    shutil.rmtree(world.uri)
    assert world.resolved() == (3, "destination", "")
    shutil.rmtree(world.base)
    assert world.resolved() == (None, "destination", "")


def test_the_champion_is_what_is_served(world: World) -> None:
    world.champion(1)
    assert world.resolved() == (1, "registry", "")
    released(world.base, 1)
    assert world.resolved() == (1, "registry", "")
    assert world.differences() == ()


def test_servers_obey_the_release_record(world: World) -> None:
    world.champion(1)
    released(world.base, 2)
    version, by, note = world.resolved()
    assert (version, by) == (2, "release record")
    assert "champion is version 1, but the release record names version 2" in note
    (told,) = world.differences()
    assert "the label stable is on version 2, not on the champion, version 1" in told
    assert "`segue registry promote 2`" in told


def test_servers_that_were_told_nothing(world: World) -> None:
    world.champion(1)
    newest, unknown = world.differences()
    assert "take the newest, version 3, not the champion, version 1" in newest
    assert f"version 3 is served, but not registered: `segue registry register {world.base}/3`" in (
        unknown
    )


def test_a_registry_restored_from_yesterday(world: World, tmp_path: pathlib.Path) -> None:
    """It was copied when 1 was champion; then 2 was promoted and released, and 1 removed."""
    world.champion(1)
    shutil.copytree(world.uri, tmp_path / "yesterday")
    world.register(3)
    world.champion(3)
    released(world.base, 3)
    assert world.resolved() == (3, "registry", "")
    assert world.differences() == ()
    shutil.rmtree(world.base / "1")
    shutil.rmtree(world.uri)
    (tmp_path / "yesterday").rename(world.uri)
    # What is gone is not served, and what servers were told is not lost.
    version, by, note = world.resolved()
    assert (version, by) == (3, "release record")
    assert "version 1 is gone from the destination" in note
    gone, elsewhere, unknown = world.differences()
    assert gone == (
        "champion: version 1 is gone from the destination: put it back, or move the alias"
    )
    assert "the label stable is on version 3, not on the champion, version 1" in elsewhere
    assert "version 3 is served, but not registered" in unknown
    # Nor where no release was ever made.
    pathlib.Path(world.record).unlink()
    assert world.resolved()[:2] == (3, "destination")
    # The way out that it names.
    world.register(3)
    world.champion(3)
    assert world.resolved() == (3, "registry", "")


@pytest.mark.parametrize("damage", ["other", "half"])
def test_a_champion_that_is_another_model(world: World, damage: str) -> None:
    world.champion(1)
    file = world.base / "1" / "saved_model.pb"
    if damage == "other":
        shutil.rmtree(world.base / "1")
        push(world.base, 1, card=False)
    else:
        file.unlink()
    version, by, note = world.resolved()
    assert (version, by) == (3, "destination")
    says = {"other": "version 1 is another model than", "half": "version 1 holds no saved_model.pb"}
    assert says[damage] in note
    assert says[damage] in world.differences()[0]


def test_a_registry_that_is_down(world: World) -> None:
    world.champion(1)
    record = pathlib.Path(world.uri, "segue", "registry.json")
    record.write_text("{")
    version, by, note = world.resolved()
    assert (version, by) == (3, "destination")
    assert note.startswith("the registry was not asked: ")
    released(world.base, 2)
    assert world.resolved()[:2] == (2, "release record")


def test_nothing_is_served(world: World) -> None:
    world.champion(1)
    shutil.rmtree(world.base)
    world.base.mkdir()
    assert world.resolved()[0] is None
    gone, served = world.differences()
    assert "is gone" in gone
    assert served == "version 1 is the champion, but nothing is served"


def test_what_is_not_registered(world: World) -> None:
    (world.base / "4").mkdir()
    served = look(str(world.base), world.record, "segue")
    with open_registry(world.uri, "segue") as registry:
        found = standing(registry, served)
        assert found.unregistered == (3,)  # 4 is being written
        assert standing(registry, None).differences == ()

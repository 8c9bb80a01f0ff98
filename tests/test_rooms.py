"""What a package's `__all__` does not list is private: it is imported from inside only."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterable, Iterator

import pytest

from tests.rooms import House

FLOORS = (
    "benchmarks",
    "components",
    "demo",
    "evaluation",
    "gateway",
    "listening",
    "models",
    "pipeline",
    "report",
    "sample",
    "schema",
    "serving",
)

#: Who measures or follows the parts of a room, and so looks into it.
INSIDERS = {
    "benchmarks.evaluation_cases": ("models.families.als", "models.families.shared"),
    "benchmarks.evaluation_speed": ("components.significance",),
    "benchmarks.fuzz": ("components.ingest",),
    "benchmarks.index": ("models.export.index",),
    "benchmarks.landing": ("listening.events",),
    "benchmarks.serving_model": ("models.families.als",),
    "benchmarks.training_speed": ("models.families.two_tower",),
    "tests.evaluation.test_adding_a_metric": (
        "components.significance",
        "pipeline.console",
        "report.sections",
    ),
}


@pytest.fixture(scope="module")
def house(root: pathlib.Path) -> House:
    return House(root, FLOORS, ("tests", "scripts"), INSIDERS)


def test_every_room_has_a_door(house: House) -> None:
    assert list(house.flaws()) == []


def test_everybody_comes_through_the_doors(house: House) -> None:
    assert list(house.intrusions()) == []


def test_insiders_have_to_be(house: House) -> None:
    assert house.needless_insiders() == []


def test_googles_sdks_are_imported_by_their_adapters_alone(house: House) -> None:
    """All others import protobuf, so that `pipeline.source_hash` knows what `google` is."""
    runner = house.root / "pipeline" / "runners" / "vertex"
    bigquery = house.root / "listening" / "store" / "feast" / "bigquery"
    # In Feast's environment, not in this one.
    worker = house.root / "listening" / "store" / "feast" / "worker"
    paths = {path for floor in FLOORS for path in (house.root / floor).rglob("*.py")}
    others = (path for path in paths if not {runner, bigquery, worker} & set(path.parents))
    assert _of_google(others) == {"google.protobuf"}
    of_vertex = _of_google(runner.rglob("*.py"))
    assert of_vertex == {"google.api_core", "google.auth", "google.cloud", "google.protobuf"}
    of_bigquery = _of_google(bigquery.rglob("*.py"))
    assert of_bigquery == {"google.api_core", "google.auth", "google.cloud"}


def _of_google(paths: Iterable[pathlib.Path]) -> set[str]:
    """What files import of `google`."""
    names = (name.split(".") for path in paths for name in _imports(path))
    return {".".join(name[:2]) for name in names if name[0] == "google" and len(name) > 1}


def _imports(path: pathlib.Path) -> Iterator[str]:
    """The full names of what a file imports."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


#: A house of two floors in which all is well.
SOUND = {
    "low/__init__.py": '"""Below."""\n__all__ = ["open", "room"]',
    "low/open.py": "value = 1",
    "low/closed.py": "from low.room import Shown",
    "low/room/__init__.py": '"""Inside."""\nfrom low.room.inner import Shown\n__all__ = ["Shown"]',
    "low/room/inner.py": "from low import closed\nfrom low.open import value\nclass Shown: ...",
    "high/__init__.py": '"""Above."""\n__all__: list[str] = []',
    "high/user.py": "import low.open\nfrom low.room import Shown\nlow.open.value",
    "tests/low/test_room.py": "from low.room.inner import Shown\nfrom low import closed",
}


def build(tmp_path: pathlib.Path, **changed: str) -> House:
    """Writes the sound house, changed in files named like `low/room/inner.py`."""
    for name, content in {**SOUND, **changed}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return House(tmp_path, ("low", "high"), ("tests",))


def test_a_sound_house(tmp_path: pathlib.Path) -> None:
    house = build(tmp_path)
    assert list(house.flaws()) == []
    assert list(house.intrusions()) == []


@pytest.mark.parametrize(
    ("file", "content", "flaw"),
    [
        ("high/__init__.py", "__all__ = []", "high has no docstring"),
        ("high/__init__.py", '"""Above."""', "high has no __all__ that is a plain list"),
        ("high/__init__.py", '"""A."""\n__all__ = [*dir()]', "high has no __all__ that is a plain"),
        ("high/__init__.py", '"""A."""\n__all__ = ["gone"]', "high lists gone, which is not there"),
        ("high/__init__.py", '"""A."""\n__all__ = ["user", "user"]', "high lists user twice"),
        ("high/loft/user.py", "", "high.loft.user lies in a folder without __init__.py"),
    ],
)
def test_a_flaw_of_a_door_is_found(
    tmp_path: pathlib.Path, file: str, content: str, flaw: str
) -> None:
    (found,) = build(tmp_path, **{file: content}).flaws()
    assert found.startswith(flaw)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("high/user.py", "from low import closed"),
        ("high/user.py", "from low.closed import Shown"),
        ("high/user.py", "import low.closed as hidden"),
        ("high/user.py", "import low.closed"),
        ("high/user.py", "import low\nlow.closed"),
        ("high/user.py", "from low import room\nroom.inner.Shown"),
        ("high/user.py", "from low.room import inner"),
        ("high/user.py", "from low.room.inner import *"),
        ("high/user.py", "def late():\n    from low import closed"),
        ("high/user.py", "if TYPE_CHECKING:\n    from low import closed"),
        ("high/user.py", "from low.open import _value"),
        ("low/closed.py", "from low.room.inner import Shown"),
        ("low/closed.py", "from .room.inner import Shown"),
        ("tests/high/test_user.py", "from low import closed"),
        ("tests/test_all.py", "from low import closed"),
    ],
)
def test_who_passes_the_door_by_is_found(tmp_path: pathlib.Path, file: str, content: str) -> None:
    found = set(build(tmp_path, **{file: content}).intrusions())
    assert found
    module = file.removesuffix(".py").replace("/", ".")
    assert all(text.startswith(f"{module}:") for text in found)


def test_an_insider_looks_into_its_room_alone(tmp_path: pathlib.Path) -> None:
    content = "from low.room import inner\nfrom low import closed"
    house = build(tmp_path, **{"high/user.py": content})
    house.insiders = {"high.user": ("low.room",), "high.gone": ("low",), "low.open": ("low.room",)}
    (found,) = house.intrusions()
    assert found == "high.user:2 reaches for low.closed; low does not show closed"
    assert house.needless_insiders() == ["high.gone", "low.open"]

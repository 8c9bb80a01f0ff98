"""The mutation tester on a room whose one test sees half of what its code does."""

import subprocess

import pytest

from benchmarks import harness, mutation

CODE = """
def double(number):
    return number * 2


def triple(number):
    return number * 3
"""
SEES_DOUBLE = """
from room import double


def test_double():
    assert double(5) == 10
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    (tmp_path / "room.py").write_text(CODE)
    (tmp_path / "test_room.py").write_text(SEES_DOUBLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.setattr(mutation, "ROOMS", {"room": mutation.Room(("room.py",), ("test_room.py",))})
    return tmp_path


def test_only_what_no_test_sees_survives(tree, monkeypatch):
    words = {("room.py", "return number * 3"): "nobody triples"}
    monkeypatch.setattr(mutation, "LOOKED_AT", words)
    found = mutation.measure(["room"])["room"]
    # Two products and two numbers can be changed.
    assert (found["places"], found["tried"], found["killed"]) == (4, 4, 2)
    assert [change["file"] for change in found["survived"]] == ["room.py"] * 2
    assert all("-    return number * 3" in change["change"] for change in found["survived"])
    assert [change["looked_at"] for change in found["survived"]] == ["nobody triples"] * 2
    assert (tree / "room.py").read_text() == CODE


def test_a_room_whose_tests_fail_anyway_is_not_measured(tree):
    (tree / "test_room.py").write_text(SEES_DOUBLE.replace("10", "11"))
    with pytest.raises(harness.CommandFailedError, match=r"test_room\.py"):
        mutation.measure(["room"])


def test_every_module_that_evaluates_is_in_a_room():
    code = {harness.ROOT / path for room in mutation.ROOMS.values() for path in room.code}
    modules = (harness.ROOT / "evaluation").rglob("*.py")
    left_out = [
        module
        for module in modules
        if module.name != "__init__.py" and not code & {module, *module.parents}
    ]
    assert not left_out
    assert all(
        (harness.ROOT / test).exists() for room in mutation.ROOMS.values() for test in room.tests
    )

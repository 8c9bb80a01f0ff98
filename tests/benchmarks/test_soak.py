"""What a soak calls wrong, from figures written by hand."""

import pytest

from benchmarks import soak

PASSED = {"outcome": "passed", "seconds": 1.0}


def room(killed: int) -> dict:
    return {"mutation": {"rooms": {"gate": {"tried": 40, "killed": killed, "survived": []}}}}


@pytest.mark.parametrize(
    ("figures", "wrong"),
    [
        ({}, []),
        ({"tests": {"examples": 10, "tests": {"a": PASSED}}}, []),
        ({"tests": {"examples": 10, "tests": {}}}, ["no test ran"]),
        (
            {"tests": {"examples": 10, "tests": {"a": PASSED, "b": {"outcome": "skipped"}}}},
            ["b skipped"],
        ),
        ({"load": {"requests": 9, "errors": {}}}, []),
        ({"load": {"requests": 9, "errors": {"INTERNAL": 2}}}, ["the load met 2 INTERNAL"]),
        (room(34), []),
        (room(33), ["gate: tests notice 33 of 40 changes"]),
    ],
)
def test_failures(figures, wrong):
    assert soak.failures(figures) == wrong


GOOD = {"faults": {}, "broken_that_became_stable": [], "requests": 10_000, "swaps": 20}


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({}, []),
        ({"faults": {"INTERNAL: x": 2}}, ["a client met 2 x INTERNAL: x"]),
        ({"broken_that_became_stable": ["nan"]}, ["nan became stable"]),
        ({"requests": 9_999}, ["9,999 requests; at least 10,000 are wanted"]),
        ({"swaps": 19}, ["19 changes of the stable version; 20 are wanted"]),
    ],
)
def test_failures_of_releases_under_load(found, wrong):
    assert soak.failures({"swaps": GOOD | found}) == wrong


def test_tests_of_a_folder_are_listed_with_how_they_ended(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = soak\n")
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "@pytest.mark.soak\ndef test_good(): pass\n"
        "@pytest.mark.soak\ndef test_bad(): assert not 1\n"
        "def test_other(): pass\n"
    )
    found = soak.run_tests(5, str(tmp_path), "-c", str(tmp_path / "pytest.ini"))
    assert found["examples"] == 5
    assert {name: test["outcome"] for name, test in found["tests"].items()} == {
        "test_some.test_good": "passed",
        "test_some.test_bad": "failed",
    }


def test_a_room_that_is_mutated_leaves_the_others_figures(monkeypatch):
    def measure(rooms, mutants):
        return {rooms[0]: {"tried": mutants, "killed": mutants, "survived": []}}

    monkeypatch.setattr(soak.mutation, "measure", measure)
    known = {"gate": {"tried": 40}}
    *_, found = soak.mutate(known, ["claims", "ingest"], 12)
    assert {name: figures["tried"] for name, figures in found.items()} == {
        "gate": 40,
        "claims": 12,
        "ingest": 12,
    }


def test_a_run_on_an_engine_that_is_killed_leaves_the_others_figures(monkeypatch):
    def measure(names):
        yield from ((name, {"kills": {}}) for name in names)

    monkeypatch.setattr(soak.engine_kills, "measure", measure)
    *_, found = soak.kill_engines({"one": {"seconds": 7}, "two": {"seconds": 8}}, ["two"])
    assert found["one"] == {"seconds": 7}
    assert found["two"] == {"measured": soak._today(), "kills": {}}

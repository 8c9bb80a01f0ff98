from __future__ import annotations

import json
import pathlib

import pytest

from benchmarks.claims import problems

STATED = {
    ("README.md", "## Measured"): (
        "It takes {run/all/seconds:.1f} s for {run/playlists:,} playlists",
    )
}
TEXT = """# 9 lives
## Measured
It takes 1.3 s for
2,000 playlists, by `tool-7`. That
is quick.
### Below, too
## Next
Here are 5 more.
"""


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    figures = {"all": {"seconds": 1.26}, "playlists": 2000}
    (results / "run.json").write_text(json.dumps({"figures": figures}), encoding="utf-8")
    put(tmp_path, TEXT)
    return tmp_path


def put(root: pathlib.Path, text: str) -> None:
    (root / "README.md").write_text(text, encoding="utf-8")


def test_documents_state_what_was_measured(root: pathlib.Path) -> None:
    assert list(problems(root)) == []


def test_what_agrees_is_no_problem(project: pathlib.Path) -> None:
    assert list(problems(project, STATED)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1.3 s", "1.2 s", "does not say what was measured: 'It takes 1.3 s for 2,000 playlists'"),
        ("2,000", "1,000", "does not say what was measured: 'It takes 1.3 s for 2,000 playlists'"),
        ("is quick", "is 4.5 times", "states a figure of no benchmark: 'That is 4.5 times.'"),
        ("Below, too", "Below, 3 GiB", "states a figure of no benchmark: '### Below, 3 GiB'"),
        ("## Measured", "## Felt", "has no part '## Measured'"),
    ],
)
def test_a_difference_is_told(project: pathlib.Path, old: str, new: str, told: str) -> None:
    put(project, TEXT.replace(old, new))
    assert told in "\n".join(problems(project, STATED))


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("{walk/all}", "benchmarks/results/walk.json is missing"),
        ("{run/all/minutes}", "benchmarks/results/run.json has no all/minutes"),
    ],
)
def test_a_result_that_is_missing_is_named(project: pathlib.Path, sentence: str, told: str) -> None:
    stated = {("README.md", "## Measured"): (*STATED["README.md", "## Measured"], sentence)}
    (problem,) = problems(project, stated)
    assert told in problem

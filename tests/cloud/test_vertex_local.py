"""The compiled specification, run whole: every container in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.cloud

SETTINGS = ["--set", "candidate=als", "--set", "baselines=[popularity]"]
#: What writes outside of its artifacts, or says what is true now.
ALWAYS = {"DataGate", "Pusher", "Register", "Report"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("vertex")


@pytest.fixture(scope="module")
def call(root):
    def run(*words):
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=root,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    return run


@pytest.fixture(scope="module")
def expected(call, folder):
    """What `make run` comes to."""
    data = folder / "data"
    code, told = call("-m", "pipeline.cli", "sample", "--playlists", 150, "--output", data)
    assert code == 0, told
    out = folder / "run"
    code, told = call("-m", "pipeline.cli", "run", "--data", data, "--out", out, *SETTINGS)
    assert code == 0, told
    return out


@pytest.fixture(scope="module")
def local(call, folder, expected):
    def run(*more):
        return call(
            "scripts/vertex_local.py",
            *("--data", folder / "data", "--same-as", expected, *SETTINGS, *more),
        )

    return run


@pytest.fixture(scope="module")
def first(local, folder):
    return local("--out", folder / "vertex")


def ended(console):
    lines = [line.split() for line in console.splitlines() if line.startswith(("✓", "↺"))]
    # Components begin with a capital letter; the last line is about the model.
    return {words[1]: words[2] == "cached" for words in lines if words[1][0].isupper()}


def test_it_comes_to_the_values_of_make_run(first, folder):
    code, console = first
    assert code == 0, console
    assert "0 values differ" in console
    (version,) = (folder / "vertex" / "serving" / "segue").iterdir()
    assert (version / "saved_model.pb").exists()
    metrics = json.loads((folder / "vertex" / "report" / "metrics.json").read_text())
    assert metrics["pushed_version"] == version.name


def test_a_second_run_takes_from_the_cache_what_did_not_change(first, local, folder):
    code, console = local("--out", folder / "vertex")
    assert len([*(folder / "vertex" / "serving" / "segue").iterdir()]) == 1, console
    states = ended(console)
    # What is served is another model than at the first time: none was.
    looked = {"ServedModel", "Evaluator", "Significance"}
    assert {name for name, cached in states.items() if not cached} - looked == ALWAYS
    assert code in (0, 1), console


def test_everything_may_lie_on_gs(local, folder):
    code, console = local("--out", folder / "gs", "--gs")
    assert code == 0, console
    assert "0 values differ" in console
    assert not (folder / "gs" / "pipeline_root").exists()
    assert " of them pushed." in console

"""`.ci/run`: what it runs, what it leaves out, and where the next run begins."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

MAKE = """#!/usr/bin/env bash
echo "$1" >> "$CALLS"
case "$SLOW" in "$1="*) sleep "${SLOW#*=}" ;; esac
case " $FAIL " in *" $1 "*) exit 1 ;; esac
exit 0
"""


class Project:
    """A project whose `make` only notes what it is asked for."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path) -> None:
        self.folder = folder
        (folder / ".ci").mkdir(parents=True)
        shutil.copy(root / ".ci" / "run", folder / ".ci" / "run")
        (folder / "scripts").mkdir()
        (folder / "Makefile").write_text("test-a: setup\ntest-b: setup\ntest-c: setup\n")
        (folder / "bin").mkdir()
        (folder / "bin" / "make").write_text(MAKE)
        (folder / "bin" / "make").chmod(0o755)

    def run(self, suites: str, seconds: int = 100, slow: str = "", fail: str = "", test: int = 60):
        calls = self.folder / "calls"
        calls.unlink(missing_ok=True)
        done = subprocess.run(
            ["bash", str(self.folder / ".ci" / "run")],
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "CALLS": str(calls),
                "SLOW": slow,
                "FAIL": fail,
                "SEGUE_CI_SUITES": suites,
                "SEGUE_CI_SECONDS": str(seconds),
                "SEGUE_CI_TEST_SECONDS": str(test),
                "SEGUE_CI_NEXT": str(self.folder / "state" / "next"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, calls.read_text().split(), done.stdout


@pytest.fixture
def project(tmp_path: pathlib.Path, root: pathlib.Path) -> Project:
    return Project(tmp_path / "a project", root)


def test_everything_runs_in_order_where_there_is_time(project):
    code, calls, output = project.run("test-a=1 test-b=1")
    assert (code, calls) == (0, ["lint", "docs", "test", "test-a", "test-b"])
    assert output.count("passed") == 5


def test_a_suite_that_the_makefile_lacks_is_no_suite(project):
    assert project.run("test-a=1 test-missing=1")[1] == ["lint", "docs", "test", "test-a"]


def test_what_does_not_fit_is_left_out_and_comes_first_next_time(project):
    code, calls, output = project.run("test-a=1 test-b=9999 test-c=1")
    assert (code, calls) == (0, ["lint", "docs", "test", "test-a", "test-c"])
    assert "test-b is left out: it needs about 9999 s" in output
    assert project.run("test-a=1 test-b=1 test-c=1")[1] == [
        *("lint", "docs", "test"),
        *("test-b", "test-c", "test-a"),
    ]
    assert project.run("test-a=1 test-b=1")[1][3:] == ["test-a", "test-b"]


def test_a_slow_machine_needs_more_for_each_suite(project):
    _, calls, output = project.run("test-a=40 test-b=1", slow="test=3", test=1)
    assert calls == ["lint", "docs", "test", "test-b"], "40 s planned are 120 s here"
    assert "test-a is left out: it needs about" in output


def test_a_failure_fails_the_run_and_is_told(project):
    code, calls, output = project.run("test-a=1 test-b=1", fail="test-a")
    assert (code, calls) == (1, ["lint", "docs", "test", "test-a", "test-b"])
    assert any("test-a" in line and "failed" in line for line in output.splitlines())


@pytest.mark.parametrize("verb", ["lint", "docs", "test"])
def test_opt_in_suites_wait_for_lint_docs_and_test(project, verb):
    assert project.run("test-a=1", fail=verb)[:2] == (1, ["lint", "docs", "test"])


def test_a_suite_that_hangs_is_stopped_and_fails(project):
    code, _, output = project.run("test-a=2", seconds=5, slow="test-a=60")
    assert "stopped by the clock" in output
    assert code == 0, "5 s are no three times the plan of 2 s: the machine may be slow"
    code, _, _ = project.run("test-a=0", seconds=5, slow="test-a=60")
    assert code == 1

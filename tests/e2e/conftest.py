"""The real pipeline on a tiny sample, run as a user runs it, once for all tests."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

PLAYLISTS = 400


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run of `segue` left."""

    out: pathlib.Path
    console: str
    code: int

    @property
    def metrics(self) -> dict:
        return json.loads((self.out / "report" / "metrics.json").read_text())

    @property
    def versions(self) -> list[str]:
        folder = self.out / "serving" / "segue"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def segue(*arguments: str) -> tuple[int, str]:
    """Runs the command line in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    finished = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        cwd=pathlib.Path(__file__).resolve().parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.fixture(scope="session", name="segue")
def segue_fixture():
    return segue


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("e2e") / "sample"
    code, output = segue("sample", "--playlists", str(PLAYLISTS), "--output", str(folder))
    assert code == 0, output
    return folder


@pytest.fixture(scope="session")
def pipeline_run(data):
    """Runs `segue run` with more arguments, always into the same directory."""
    out = data.parent / "out"

    def run(*settings: str, source: pathlib.Path = data, json: bool = False) -> Run:
        common = [
            "split.eval=20",
            "split.test=10",
            "split.train=70",
            "gate.resamples=999",
            "models.item_knn.neighbours=20",
            "models.als.factors=16",
            "models.two_tower.epochs=2",
            "models.two_tower.factors=16",
            "infra_check.requests=5",
        ]
        arguments = [item for setting in (*common, *settings) for item in ("--set", setting)]
        arguments += ["--json"] * json
        code, console = segue("run", "--data", str(source), "--out", str(out), *arguments)
        return Run(out, console, code)

    return run


@pytest.fixture(scope="session")
def first_run(pipeline_run) -> Run:
    run = pipeline_run()
    assert run.code == 0, run.console
    return run

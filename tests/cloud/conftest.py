"""`segue run` on stand-ins of Google's services, and the same run on this machine alone."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator

import pytest

from sample.generator import write_slices
from tests import wheel
from tests.standins import cloud, storage
from tests.standins.dataflow import HOST, Dataflow

BUCKET = "a-bucket"
IMAGE = "europe-docker.pkg.dev/standin-project/images/segue@sha256:0123"

SETTINGS = (
    "candidate=als",
    "baselines=[popularity]",
    "split={train: 70, eval: 20, test: 10}",
    "gate.resamples=999",
    "models.als.factors=8",
    "infra_check.requests=5",
)


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run of `segue` left."""

    out: pathlib.Path
    code: int
    console: str

    @property
    def metrics(self) -> dict:
        return json.loads((self.out / "report" / "metrics.json").read_text())


class Machine:
    """This machine: it has the project, and credentials where `environment` says so.

    Args:
        root: the project.
        folder: where runs may write.
        environment: beside its own.

    Attributes:
        environment: of what runs here.
    """

    def __init__(self, root: pathlib.Path, folder: pathlib.Path, environment: dict[str, str]):
        self._root = root
        self._folder = folder
        self.environment = {**os.environ, **environment}

    def start(self, name: str, *options: str) -> subprocess.Popen[str]:
        """Starts `segue run` into a directory of that name."""
        settings = [text for setting in SETTINGS for text in ("--set", setting)]
        command = ["run", "--out", str(self._folder / name), *settings, *options]
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *command],
            cwd=self._root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, name: str, process: subprocess.Popen[str]) -> Run:
        """Waits for a run."""
        console, _ = process.communicate()
        return Run(self._folder / name, process.returncode, console)


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Google's services, and a machine that has access to them."""

    storage: storage.Storage
    dataflow: Dataflow
    machine: Machine

    def run(self, name: str, *settings: str) -> Run:
        """Runs the profile to its end."""
        options = [text for setting in settings for text in ("--set", setting)]
        profile = ["--config", "configs/dataflow.yaml", "--data", f"gs://{BUCKET}/mpd"]
        return self.machine.end(name, self.machine.start(name, *profile, *options))


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("data")
    write_slices(folder, 120, seed=1, slice_size=40)
    return folder


@pytest.fixture(scope="session")
def image(root, tmp_path_factory) -> pathlib.Path:
    """What the workers' image has of the project: its wheel, unpacked."""
    folder = tmp_path_factory.mktemp("image")
    _, built = wheel.build(root, folder / "build")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "packages")
    return folder / "packages"


@pytest.fixture(scope="session")
def google(root, data, image, tmp_path_factory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    stored = storage.Storage(BUCKET)
    stored.upload(data, f"gs://{BUCKET}/mpd")
    jobs = Dataflow(stored)
    with contextlib.ExitStack() as stack:
        services = {**dict.fromkeys(storage.HOSTS, stored), HOST: jobs}
        environment = stack.enter_context(cloud.running(folder / "keys", services))
        jobs.environment = {
            **environment,
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "PYTHONPATH": str(image),
            "TF_USE_LEGACY_KERAS": "1",
        }
        places = {
            "SEGUE_PROJECT": cloud.PROJECT,
            "SEGUE_REGION": "europe-west4",
            "SEGUE_BUCKET": BUCKET,
            "SEGUE_IMAGE": IMAGE,
        }
        machine = Machine(root, folder, {**environment, **places})
        yield Cloud(stored, jobs, machine)

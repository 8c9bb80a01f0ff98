"""The component as TFX runs it, with a server in a process of its own."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess

import pytest
from tfx import types
from tfx.components.pusher import executor as pusher
from tfx.components.util import model_utils
from tfx.types import standard_artifacts

from components.infra_check import component, executor, model_server
from components.infra_check.options import InfraCheckOptions
from tests.components.infra_check import infra_toy


def artifact(kind: type[types.Artifact], uri: pathlib.Path) -> types.Artifact:
    made = kind()
    made.uri = str(uri)
    return made


class Ran:
    def __init__(self, tmp_path: pathlib.Path, examples: pathlib.Path, timeout: int) -> None:
        given = artifact(standard_artifacts.Examples, examples)
        given.split_names = '["eval"]'
        self.blessing = artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")
        options = InfraCheckOptions(requests=5, timeout_seconds=timeout)
        executor.Executor().Do(
            {"model": [artifact(standard_artifacts.Model, tmp_path)], "examples": [given]},
            {"blessing": [self.blessing]},
            {"options": options.model_dump_json(), "seed": 3, "source_hash": "x"},
        )
        folder = pathlib.Path(self.blessing.uri)
        self.files = sorted(path.name for path in folder.iterdir())
        self.report = json.loads((folder / "infra_check.json").read_text())
        self.checks = {check["name"]: check for check in self.report["checks"]}


@pytest.fixture
def run(tmp_path, held_out):
    return lambda timeout=120: Ran(tmp_path, held_out, timeout)


@pytest.fixture
def model_dir(tmp_path) -> pathlib.Path:
    return tmp_path / "Format-Serving"


@pytest.fixture
def processes(monkeypatch) -> list[subprocess.Popen]:
    """The processes that were started; none may be left."""
    started = []
    real = subprocess.Popen

    def start(*arguments, **options):
        started.append(real(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(model_server.subprocess, "Popen", start)
    return started


def test_a_good_model_is_blessed_as_pusher_understands_it(run, good_model, model_dir, processes):
    shutil.copytree(good_model, model_dir)
    ran = run()
    assert ran.report["reasons"] == []
    assert ran.files == ["INFRA_BLESSED", "infra_check.json"]
    assert model_utils.is_infra_validated(ran.blessing)
    assert pusher.Executor().CheckBlessing({"infra_blessing": [ran.blessing]})
    assert ran.report["queries"] == {"recorded": 5, "random": 5, "special": 24}
    assert ran.report["latency_ms"]["p50"] <= ran.report["latency_ms"]["p99"]
    assert ran.report["load_seconds"] > 0
    assert [process.poll() is not None for process in processes] == [True]


def refused(ran: Ran, check: str, words: str) -> None:
    assert ran.files == ["INFRA_NOT_BLESSED", "infra_check.json"]
    assert not model_utils.is_infra_validated(ran.blessing)
    assert not pusher.Executor().CheckBlessing({"infra_blessing": [ran.blessing]})
    assert ran.checks[check]["passed"] is False
    assert words in " ".join(ran.report["reasons"])
    assert ran.report["log"]


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_a_truncated_model_is_refused(run, good_model, model_dir, file):
    shutil.copytree(good_model, model_dir)
    content = (model_dir / file).read_bytes()
    (model_dir / file).write_bytes(content[: len(content) // 2])
    ran = run()
    refused(ran, "loads", "Not true that a server in a fresh process loads the model: ")
    assert ran.checks["answers"]["passed"] is None


def test_a_model_that_takes_its_server_down_is_refused(run, model_dir, processes):
    infra_toy.save(model_dir, "crash")
    ran = run()
    refused(ran, "answers", "NUL in the title the server ended by SIGABRT while it was asked")
    assert "as the test asks" in ran.report["log"]
    assert processes[0].poll() is not None


def test_a_model_that_hangs_is_refused_in_time(run, model_dir, processes):
    infra_toy.save(model_dir, "hang")
    ran = run(timeout=60)
    refused(ran, "answers", "NUL in the title got no answer in time")
    assert processes[0].poll() is not None


def test_a_model_that_is_not_loaded_in_time_is_refused(run, good_model, model_dir, processes):
    shutil.copytree(good_model, model_dir)
    ran = run(timeout=1)
    assert ran.files == ["INFRA_NOT_BLESSED", "infra_check.json"]
    assert "the model was not loaded in time" in ran.report["reasons"][0]
    assert processes[0].poll() is not None


def test_a_directory_without_a_model_is_refused(run):
    ran = run()
    assert ran.files == ["INFRA_NOT_BLESSED", "infra_check.json"]
    assert ran.checks["card"]["passed"] is False


def test_the_component_takes_and_gives_what_the_pipeline_connects():
    made = component.InfraCheck(
        model=types.Channel(type=standard_artifacts.Model),
        examples=types.Channel(type=standard_artifacts.Examples),
        options='{"requests": 50}',
        seed=17,
        source_hash="abc",
    )
    assert made.outputs["blessing"].type is standard_artifacts.InfraBlessing
    assert made.exec_properties == {
        "options": '{"requests": 50}',
        "seed": 17,
        "source_hash": "abc",
    }

"""What MLflow's own client and commands make of what was registered; a real server."""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from scripts.background import free_port
from serving.registry import RegistryUnavailableError
from tests.services import mlflow as servers
from tests.serving import toy_model
from tests.serving.registry.opening import Place, place
from tests.serving.toy_model import uri

pytestmark = pytest.mark.services


@pytest.fixture
def there(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    return place("mlflow-sqlite", request, tmp_path)


@pytest.fixture
def address(there: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where MLflow's own functions find the server."""
    found = there.uri.removeprefix("mlflow+")
    mlflow.set_tracking_uri(found)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", found)
    yield found
    mlflow.set_tracking_uri(None)


def tree(folder: pathlib.Path) -> dict[str, str]:
    """The digest of each file, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_mlflows_client_reads_all_of_it(there: Place, address: str) -> None:
    with there.open() as registry:
        made = registry.register(there.registration(7), alias="challenger")
        registry.promote("champion", 7, expected=None, reason="it won")
    client = MlflowClient(address, address)
    (found,) = client.search_model_versions(
        f"name = '{there.model}' and tags.`serving.version` = '7'"
    )
    assert int(found.version) == made.number
    assert found.tags["tfx.run_id"] == "20171114-030000"
    assert found.tags["data.fingerprint"] == "ab" * 16
    assert client.get_model_version_by_alias(there.model, "champion").version == found.version
    assert client.get_model_version_by_alias(there.model, "challenger").version == found.version
    run = client.get_run(found.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"ndcg": 0.25, "recall_at_500": 0.5}
    assert client.get_experiment(run.info.experiment_id).name == there.model
    page = client.download_artifacts(found.run_id, "report/index.html", str(there.folder))
    assert pathlib.Path(page).read_text() == "<p>version 7"


def test_a_download_is_tf_servings_layout(
    there: Place, address: str, saved_model: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    pushed = toy_model.push(saved_model, tmp_path / "base", 1795709751)
    given = there.registration(1795709751, saved_model=str(pushed))
    with there.open() as registry:
        registry.register(given, alias="challenger")
        registry.promote("champion", 1795709751, expected=None)
    folder = mlflow.artifacts.download_artifacts(
        f"models:/{there.model}@champion", dst_path=str(tmp_path / "downloaded")
    )
    assert tree(pathlib.Path(folder, "1795709751")) == tree(pushed)
    assert pathlib.Path(folder, "MLmodel").exists()


def test_mlflow_serves_it(
    there: Place, address: str, saved_model: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    pushed = toy_model.push(saved_model, tmp_path / "base", 3)
    with there.open() as registry:
        registry.register(there.registration(3, saved_model=str(pushed)), alias="challenger")
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "models", "serve"),
            *("--model-uri", f"models:/{there.model}@challenger", "--env-manager", "local"),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        cwd=tmp_path,
        stdout=(tmp_path / "log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        rows = [{"name": "reverse", "track_uris": []}, {"name": "", "track_uris": [uri(0)]}]
        answer = _ask(f"http://127.0.0.1:{port}/invocations", rows, process)
    finally:
        process.terminate()
        process.wait(60)
    reverse, seeded = answer["predictions"]
    assert reverse["track_uris"] == [uri(number) for number in range(7, -1, -1)]
    assert seeded["scores"] == pytest.approx(toy_model.scores_by_hand(3, [0])[1:])


def _ask(url: str, rows: list[dict], process: subprocess.Popen) -> Any:
    request = urllib.request.Request(
        url,
        json.dumps({"dataframe_records": rows}).encode(),
        {"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + 180
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)


def test_an_alias_that_was_moved_with_mlflows_client(there: Place, address: str) -> None:
    with there.open() as registry:
        for version in (1, 2):
            registry.register(there.registration(version))
        registry.promote("champion", 1, expected=None)
        number = registry.version(2).number
        MlflowClient(address, address).set_registered_model_alias(
            there.model, "champion", str(number)
        )
        assert registry.current("champion") == registry.version(2)
        told = [(move.former, move.version, move.by) for move in registry.history()][1:]
        assert told == [(1, 2, "")]
        assert registry.rollback("champion", expected=2).version == 1
        assert [move.version for move in registry.history()] == [1, 2, 1]


@pytest.mark.parametrize("at", ["set_registered_model_alias", "set_registered_model_tag"])
def test_a_mover_that_is_killed(there: Place, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it puts the alias on, or between that and the tag that tells of it."""
    with there.open() as registry:
        for version in (1, 2, 3):
            registry.register(there.registration(version))
        registry.promote("champion", 1, expected=None)
        done = subprocess.run(
            [sys.executable, "-c", _KILLED, there.uri, there.model, at],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        was = 1 if at == "set_registered_model_alias" else 2
        current = registry.current("champion")
        assert current is not None
        assert current.serving_version == was
        told = [(move.version, move.reason) for move in registry.history()]
        assert told == [(1, ""), (2, "it won")][:was]
    with there.open() as registry:
        monkeypatch.setattr(registry._lock, "_watch", 1.0)  # else the test waits for longer
        registry.promote("champion", 3, expected=was)
        moves = list(registry.history())
        assert [(move.version, move.reason) for move in moves] == [*told, (3, "")]
        assert all("@" in move.by for move in moves)


_KILLED = """
import os, signal, sys
from mlflow import MlflowClient
from serving.registry import open_registry

uri, model, at = sys.argv[1:]
registry = open_registry(uri, model)
setattr(MlflowClient, at, lambda *args: os.kill(os.getpid(), signal.SIGKILL))
registry.promote("champion", 2, expected=1, reason="it won")
"""


def test_a_registry_that_is_yesterdays(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """What was registered since is registered again, and aliases go on from where they are."""
    folder = tmp_path / "server"
    with servers.running(root, folder) as server:
        there = Place(f"mlflow+{server.address}", "segue-restored", tmp_path)
        port = server.port
        with there.open() as registry:
            registry.register(there.registration(1), alias="challenger")
            registry.promote("champion", 1, expected=None)
    shutil.copytree(folder, tmp_path / "yesterday")
    with servers.running(root, folder, port=port), there.open() as registry:
        registry.register(there.registration(2), alias="challenger")
        registry.promote("champion", 2, expected=1)
    with there.open(timeout=5) as registry, pytest.raises(RegistryUnavailableError):
        registry.current("champion")
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "yesterday", folder)
    with servers.running(root, folder, port=port), there.open() as registry:
        current = registry.current("champion")
        assert current is not None
        assert current.serving_version == 1
        registry.register(there.registration(2), alias="challenger")
        registry.promote("champion", 2, expected=1)
        assert registry.version(2).aliases == ["challenger", "champion"]
        moves = [(move.alias, move.former, move.version) for move in registry.history()]
    assert moves == [
        ("challenger", None, 1),
        ("champion", None, 1),
        ("challenger", 1, 2),
        ("champion", 1, 2),
    ]

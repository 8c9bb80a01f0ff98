"""The steps of `canary.yml`, run against the development server."""

from __future__ import annotations

import pathlib

import pytest

from serving.client import RecommenderClient
from serving.protocol import Playlist, single_model_config
from serving.release import ReleaseManager
from serving.server import ModelServer, ServerOptions
from tests.ci import workflow_steps
from tests.ci.workflow_steps import Runner
from tests.serving import toy_model
from tests.serving.serving_helpers import QUICK

_WATCH = "Release it as canary, watch errors, latency and answers, promote it or roll it back"


@pytest.fixture
def released(tmp_path):
    """A server on which version 1 is stable; beside it lie version 2, and 3, which is cut short."""
    base, config = tmp_path / "base", tmp_path / "models.config"
    toy_model.save(tmp_path / "model")
    toy_model.push(tmp_path / "model", base, 1)
    options = ServerOptions(port=0, watch=QUICK)
    with ModelServer(single_model_config("segue", base), options) as server:
        with ReleaseManager(server.target, base, config) as manager:
            manager.promote(1)
        for version in (2, 3):
            toy_model.push(tmp_path / "model", base, version)
        graph = base / "3" / "saved_model.pb"
        graph.write_bytes(graph.read_bytes()[:100])
        yield server.target, base, config


#: Latencies decide nothing here.
_CONFIG = """
data: nowhere
canary:
  {requests: 400, warm_up: 2, max_p50_ratio: 1000, max_p99_ratio: 1000, latency_slack_ms: 60000}
"""


def _stable(target: str) -> int | None:
    with RecommenderClient(target, label="stable") as client:
        return client.continue_playlists([Playlist("")])[0].model_version


def _runner(root: pathlib.Path, folder: pathlib.Path, released, version: int) -> Runner:
    target, base, config = released
    (folder / "thresholds.yaml").write_text(_CONFIG)
    values = {
        "vars.SEGUE_CONFIG || 'configs/local.yaml'": str(folder / "thresholds.yaml"),
        "inputs.version": str(version),
        "vars.SEGUE_TARGET": target,
        "vars.SEGUE_MODEL_BASE": str(base),
        "vars.SEGUE_MODEL_CONFIG": str(config),
    }
    return Runner(root, folder, values, {})


@pytest.mark.parametrize(("version", "stable"), [(2, 2), (3, 1)])
def test_a_sound_version_becomes_stable_and_a_broken_one_goes(
    root, tmp_path, released, version, stable
):
    steps = {s.name: s for s in workflow_steps.steps(root) if s.workflow == "canary.yml"}
    done = _runner(root, tmp_path, released, version).run(steps[_WATCH])
    assert (done.returncode == 0) == (version == stable), done.stdout + done.stderr
    assert _stable(released[0]) == stable
    if version != stable:
        assert "version 3 was rolled back, version 1 stays stable" in done.stderr

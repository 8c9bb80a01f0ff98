"""A gateway over a real model server and a broker, while what it uses is taken away."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import httpx
import pytest

from benchmarks import gateway_faults, gateway_world

pytestmark = pytest.mark.services


def test_faults_fail_no_request() -> None:
    found = gateway_faults.measure(requests=900, tracks=2_000)
    assert gateway_faults.failures(found) == []
    stages = found["stages"]
    assert set(stages["model server gone"]["served_by"]) <= {"published", "popular"}
    assert "store: unavailable" in stages["store gone"]["fallbacks"]
    assert found["unlogged"]["failed"] == stages["broker gone"]["requests"]


def test_the_command_answers_until_it_is_ended(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    names = gateway_world.make(tmp_path, tracks=500, listeners=20)
    path = gateway_world.config(tmp_path, "127.0.0.1:9")
    command = [sys.executable, "-W", "ignore", "-m", "pipeline.cli", "gateway", "--config", path]
    process = subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = process.stdout.readline()
    address = told.partition("answers at ")[2].partition(".")[0]
    address += told.partition(address)[2].partition(". Ctrl-C")[0]
    with httpx.Client(trust_env=False) as client:
        answer = client.post(
            f"{address}/v1/recommend", json={"listener_id": names[0], "surface": "home"}
        )
    assert answer.json()["served_by"] == "published"
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "'logged': 1" in out
    assert not any(name in told + out + errors for name in names)

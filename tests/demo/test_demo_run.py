"""The blocking entry, in a process of its own where it has to be ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from demo.app import run
from serving.protocol import BrokenModelError, ConfigError


def test_it_needs_something_to_show():
    with pytest.raises(ConfigError, match="--model-base, --target"):
        run()


def test_a_directory_without_versions_is_named(tmp_path):
    with pytest.raises(ConfigError, match="holds no version: expected directories named by"):
        run(model_base=str(tmp_path), port=0)
    with pytest.raises(ConfigError, match="cannot be read"):
        run(model_base=str(tmp_path / "missing"), port=0)


def test_one_version_in_place_of_their_directory_is_noticed(model_base):
    with pytest.raises(ConfigError, match="give the directory above it"):
        run(model_base=str(model_base / "2"), port=0)


def test_a_latest_version_that_is_not_whole_is_refused(tmp_path):
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
    with pytest.raises(BrokenModelError, match=r"2 is not .*: saved_model\.pb is missing"):
        run(model_base=str(tmp_path), port=0)


def test_a_target_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="HOST:PORT"):
        run(target="nowhere", port=0)


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            run(target="127.0.0.1:8500", port=port)


def test_it_serves_a_model_and_ends_when_told(root, model_base, tmp_path):
    code = f"from demo.app import run; run(model_base={str(model_base)!r}, port=0)"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "200"},
    )
    try:
        said = process.stdout.readline() + process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
        status = httpx.get(f"{address}/api/status").json()
        assert {entry["version"] for entry in status["versions"]} <= {"1", "2"}
        assert "Segue" in httpx.get(address).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
    assert list(tmp_path.glob("segue-demo-*")) == []

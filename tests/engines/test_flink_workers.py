"""The pool of Python workers, with a process that dies in place of a worker."""

import sys
import time
import types

import pytest

from scripts.flink import workers

#: Adds its process to a file; dies before it connects as often as the file's name says.
WORKER = """
import os, pathlib, signal, sys, time
path = pathlib.Path(sys.argv[1])
with path.open("a") as file:
    file.write(f"{os.getpid()}\\n")
if len(path.read_text().split()) <= int(path.stem):
    os.kill(os.getpid(), signal.SIGKILL)
os.write(int(sys.argv[4]), b"connected")
if path.suffix:
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(3600)
"""


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Asks for a worker; gives how many processes there were for it, once no more come."""
    monkeypatch.setattr(workers, "_WORKER", WORKER)
    monkeypatch.setattr(workers.sys, "stderr", sys.__stderr__)

    def ask(name, wanted):
        path = tmp_path / name
        request = types.SimpleNamespace(
            control_endpoint=types.SimpleNamespace(url=str(path)), worker_id="1-1"
        )
        answer = workers.Pool().StartWorker(request, None)
        assert not answer.error
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = path.read_text().split() if path.exists() else []
            if len(found) >= wanted:
                break
            time.sleep(0.05)
        time.sleep(0.5)
        return len(path.read_text().split())

    return ask


def test_a_worker_that_connects_is_started_once(started):
    assert started("0", 1) == 1


def test_a_worker_that_dies_before_it_has_connected_is_started_again(started):
    assert started("1", 2) == 2


def test_a_worker_that_dies_later_is_left_to_its_taskmanager(started):
    assert started("0.dies-later", 1) == 1


def test_a_worker_that_keeps_dying_is_given_up(started):
    assert started("9", 3) == 3

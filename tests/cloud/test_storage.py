"""The stand-in of Cloud Storage, asked by the three clients that a run has."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.standins import storage

pytestmark = pytest.mark.cloud

CLIENTS = pathlib.Path(__file__).with_name("storage_clients.py")


#: What each of them is told, whoever answers.
SEEN = {
    "tensorflow": {
        "middle": [44, 45, 46, 47, 48],
        "listed": ["folder/", "moved"],
        "globbed": ["/folder/a b.txt"],
        "size": 10_240_000,
        "isdir": True,
        "missing": False,
        "left": False,
    },
    "beam": {
        "whole": True,
        "sizes": {"/1": 10_240_000, "/2": 0},
        "checksum": True,
        "left": False,
    },
    "google": {
        "names": ["/0", "/1", "/2", "/3", "/4"],
        "part": [255, 0, 1],
        "refused": True,
    },
}


def seen(environment):
    """What the clients see at gs://a-bucket/place in a process with this environment."""
    done = subprocess.run(
        [sys.executable, str(CLIENTS), "gs://a-bucket/place"],
        env={**os.environ, **environment, "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_each_client_works_with_it(tmp_path):
    standin = storage.Storage("a-bucket", page=3)
    with storage.running(tmp_path, standin) as environment:
        assert seen(environment) == SEEN
    # "place/" is TensorFlow's mark of a folder.
    left = [f"place/google/{number}" for number in range(5)]
    assert standin.list("gs://a-bucket/") == ["place/", *left]
    assert {bucket for bucket, _ in standin.objects} == {"a-bucket"}

"""MLflow's server that is down, or says nothing."""

from __future__ import annotations

import os
import pathlib
import socket
from collections.abc import Iterator

import pytest

from serving.registry import RegistryUnavailableError, open_registry
from tests.serving.registry.opening import registration


@pytest.fixture(params=["closed", "silent"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "silent":  # it takes what is sent, and never answers
            listener.listen()
        yield listener.getsockname()[1]


def test_every_call_says_so_and_ends(port: int, tmp_path: pathlib.Path) -> None:
    """It ends: a client of MLflow's that nobody told otherwise tries for minutes."""
    given = registration(tmp_path, "segue", 7)
    before = dict(os.environ)
    with open_registry(f"mlflow+http://127.0.0.1:{port}", "segue", timeout=1) as registry:
        for call in (
            lambda: registry.register(given, alias="challenger"),
            lambda: registry.promote("champion", 7, expected=None),
            lambda: registry.rollback("champion", expected=7),
            registry.versions,
            registry.history,
            lambda: registry.current("champion"),
            lambda: registry.read("runs:/1/report/index.html"),
        ):
            with pytest.raises(RegistryUnavailableError, match=f"127.0.0.1:{port}"):
                call()
    assert dict(os.environ) == before

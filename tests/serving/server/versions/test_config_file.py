"""A server that follows its model configuration file."""

from __future__ import annotations

import logging
import pathlib
import socket
from collections.abc import Callable

import pytest

from serving.protocol.model_config import read_model_config
from serving.server import ModelServer
from tests.serving.serving_helpers import MODEL, Stubs, eventually, predict_request

Push = Callable[[int], pathlib.Path]


def entry(base: pathlib.Path, text: str) -> str:
    return (
        f'model_config_list {{ config {{ name: "{MODEL}" base_path: "{base}" '
        f'model_platform: "tensorflow" {text} }} }}'
    )


def test_file_is_followed(
    start: Callable[..., ModelServer],
    push: Push,
    base: pathlib.Path,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    push(1)
    push(2)
    path = tmp_path / "models.config"
    path.write_text(entry(base, ""))
    config = read_model_config(path)
    server = start(config, config_file=str(path), config_poll_seconds=0.05)
    stubs = Stubs(server.target)
    loaded = server.manager.table.loaded
    assert loaded() == {MODEL: [2]}

    path.write_text(entry(base, "model_version_policy { all {} }"))
    eventually(lambda: loaded() == {MODEL: [1, 2]})

    with caplog.at_level(logging.ERROR, "serving.server.versions.config_file"):
        path.write_text("nonsense {")
        eventually(lambda: "not a ModelServerConfig" in caplog.text)
        assert loaded() == {MODEL: [1, 2]}  # it stays as it was

        # A label that must wait for its version is tried again, and reported once.
        path.write_text(
            entry(base, 'model_version_policy { all {} } version_labels { key: "next" value: 3 }')
        )
        eventually(lambda: "Request to assign label to version 3" in caplog.text)
        push(3)
        eventually(lambda: loaded() == {MODEL: [1, 2, 3]})

        def labelled() -> bool:
            return server.manager.table.labels == {MODEL: {"next": 3}}

        eventually(labelled)
    assert caplog.text.count("Request to assign label") == 1
    response = stubs.prediction.Predict(predict_request(label="next"), timeout=30)
    assert response.model_spec.version.value == 3


def test_ipv6(start: Callable[..., ModelServer], push: Push, base: pathlib.Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    push(1)
    server = start(base, host="::1")
    assert server.target.startswith("[::1]:")
    assert Stubs(server.target).states()[1][0] == 30

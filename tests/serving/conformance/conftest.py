"""The server under test: the one at SEGUE_SERVING_TARGET (HOST:PORT), or the development server.

SEGUE_SERVING_MODEL names its model (default: segue). It must have been exported by Segue, or be any
other with the signatures of contract C3, and have at least one track.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

import pytest

from serving.protocol import single_model_config
from serving.server import ModelServer, ServerOptions
from tests.serving import toy_model
from tests.serving.serving_helpers import QUICK, Stubs


@pytest.fixture(scope="session")
def model() -> str:
    return os.environ.get("SEGUE_SERVING_MODEL", "segue")


@pytest.fixture(scope="session")
def target(
    model: str, saved_model: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    given = os.environ.get("SEGUE_SERVING_TARGET")
    if given:
        yield given
        return
    base = tmp_path_factory.mktemp("conformance") / "base"
    toy_model.push(saved_model, base, 1)
    with ModelServer(
        single_model_config(model, base), ServerOptions(port=0, watch=QUICK)
    ) as server:
        yield server.target


@pytest.fixture(scope="session")
def server(target: str) -> Iterator[Stubs]:
    stubs = Stubs(target)
    yield stubs
    stubs.channel.close()

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.making import Made, config, world


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return world(tmp_path_factory.mktemp("gateway"))


@pytest.fixture
def root(made_world: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """The world, for one test to break."""
    shutil.copytree(made_world, tmp_path / "world")
    return tmp_path / "world"


@pytest.fixture
def made(root: pathlib.Path) -> Callable[..., Made]:
    """Makes a gateway with fields of the configuration."""

    def make(fake: Any = None, *, parts: dict[str, Any] | None = None, **fields: Any) -> Made:
        return Made(config(root, **fields), fake, **(parts or {}))

    return make

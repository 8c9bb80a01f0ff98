from __future__ import annotations

import pathlib

import pytest
from tfx.types import standard_artifacts

from tests.components.served_model.served_toy import Place, forty_playlists, two_toys


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return two_toys(tmp_path_factory.mktemp("toys"))


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> standard_artifacts.Examples:
    return forty_playlists(tmp_path_factory.mktemp("held_out"))


@pytest.fixture
def place(tmp_path: pathlib.Path, held_out: standard_artifacts.Examples) -> Place:
    return Place(tmp_path, held_out)

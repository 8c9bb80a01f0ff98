from __future__ import annotations

import pathlib
import shutil

import pytest
from tfx.types import standard_artifacts

from tests.components.infra_check import infra_toy
from tests.components.served_model.served_toy import SPLIT, Place, example, examples, recard


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Two models, `a` and `b`; they differ by their cards, as two trainings do."""
    folder = tmp_path_factory.mktemp("toys")
    infra_toy.save(folder / "a", split=SPLIT, fit_seconds=0.1)
    shutil.copytree(folder / "a", folder / "b")
    recard(folder / "b", fit_seconds=0.2)
    return folder


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> standard_artifacts.Examples:
    playlists = [
        example([infra_toy.uri(n % 9)], [infra_toy.uri(n % 9 + 1), infra_toy.uri(n % 9 + 2)], n)
        for n in range(40)
    ]
    return examples(tmp_path_factory.mktemp("held_out"), playlists)


@pytest.fixture
def place(tmp_path: pathlib.Path, held_out: standard_artifacts.Examples) -> Place:
    return Place(tmp_path, held_out)

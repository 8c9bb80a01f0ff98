from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable

import pytest

from serving.release import switch
from serving.server import ModelServer
from tests.serving.release.places import Place, load_empty, push


@pytest.fixture
def places(
    start: Callable[..., ModelServer],
    base: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Place]:
    monkeypatch.setattr(ModelServer, "_load", load_empty)
    monkeypatch.setattr(switch, "_POLL_SECONDS", 0.01)
    for version in (1, 2, 3):
        push(base, version)
    server = start(base)
    numbers = itertools.count()
    return lambda: Place(server, base, tmp_path / f"release-{next(numbers)}")

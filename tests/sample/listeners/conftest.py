from __future__ import annotations

import json
import pathlib
from typing import Any

import pyarrow.parquet as pq
import pytest

from sample.listeners import WorldSize, write_world

SIZE = WorldSize(playlists=250, listeners=300, days=14, seed=7)


class Written:
    """A world on the disk, read again."""

    def __init__(self, folder: pathlib.Path, counts: dict[str, Any]) -> None:
        self.folder = folder
        self.counts = counts

    def lines(self) -> list[bytes]:
        """Every line of events, by arrival."""
        paths = sorted((self.folder / "events").iterdir())
        return [line for path in paths for line in path.read_bytes().splitlines()]

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, such as `truth/faults`."""
        return pq.ParquetFile(self.folder / f"{name}.parquet").read().to_pylist()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("world")
    return Written(folder, write_world(folder, SIZE))


@pytest.fixture(scope="session")
def events(world: Written) -> list[dict[str, Any]]:
    """The well-formed events, each once, by arrival."""
    bad = {row["idempotency_key"] for row in world.table("truth/faults") if row["reason"]}
    found: dict[str, dict[str, Any]] = {}
    for line in world.lines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("idempotency_key") not in {*bad, None}:
            found.setdefault(event["idempotency_key"], event)
    return list(found.values())

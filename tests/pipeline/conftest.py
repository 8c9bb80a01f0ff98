"""An output directory of an earlier version."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
import tarfile

import pytest


@pytest.fixture
def earlier_out(root: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """What a run of version 0.1 left: see tests/fixtures/README.md."""
    with tarfile.open(root / "tests" / "fixtures" / "out-0.1.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    out = tmp_path / "out-0.1"
    for name in ("models.config", "releases.json"):
        file = out / "serving" / name
        file.write_text(file.read_text().replace("/data/out", str(out)))
    with contextlib.closing(sqlite3.connect(out / "metadata.db")) as database, database:
        database.execute("UPDATE Artifact SET uri = replace(uri, '/data/out', ?)", (str(out),))
    return out

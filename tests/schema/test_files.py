"""Files are put in place whole or not at all."""

from __future__ import annotations

import pathlib

import pytest

from schema import files


def test_a_file_takes_the_place_of_the_old_one(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "a.csv.gz"
    files.write_text(path, "old")
    with files.replacing(path) as partial:
        assert (partial.parent, partial.suffixes) == (path.parent, [".csv", ".gz"])
        partial.write_text("Ü", encoding="utf-8")
        assert path.read_text() == "old"
    assert path.read_bytes() == "Ü".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["a.csv.gz"]


def test_a_failure_leaves_the_old_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old")

    def fail() -> None:
        with files.replacing(path) as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]

"""Other names for directories that TensorFlow would take for patterns."""

from __future__ import annotations

import os
import pathlib
import tempfile

import pytest

from pipeline.runners import plain_paths

ODD = "runs [1]*{a}?"


@pytest.fixture(autouse=True)
def home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("path", ["/a b/ünï", "gs://bucket/[x]", "s3://b/*"])
def test_other_paths_stay(path: str) -> None:
    assert plain_paths.plain(path) == path


def test_a_relative_path_becomes_absolute(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert plain_paths.plain("out") == str(tmp_path / "out")


@pytest.mark.parametrize("character", "*?[]{}\\\n")
def test_a_pattern_gets_a_link_that_is_the_same_every_time(
    tmp_path: pathlib.Path, home: pathlib.Path, character: str
) -> None:
    out = tmp_path / f"a{character}b"
    link = plain_paths.plain(str(out))  # before it is there
    assert pathlib.Path(link).parent == home / ".cache" / "segue" / "paths"
    assert not set(link) & set("*?[]{}\\\n")
    out.mkdir()
    (pathlib.Path(link) / "x").write_text("in it")
    assert (out / "x").read_text() == "in it"
    assert plain_paths.plain(f"{out}/") == link
    assert plain_paths.plain(str(tmp_path / f"{character}c")) != link


def test_a_home_that_cannot_be_written_to(
    tmp_path: pathlib.Path, home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("a file")
    link = pathlib.Path(plain_paths.plain(str(tmp_path / ODD)))
    try:
        assert link.parent == pathlib.Path(f"/tmp/segue-{os.getuid()}")
        assert link.parent.stat().st_mode & 0o077 == 0
        assert os.readlink(link) == str(tmp_path / ODD)
    finally:
        link.unlink()

    monkeypatch.setattr(plain_paths, "_folders", lambda: [home / "x"])
    with pytest.raises(OSError, match=r"neither in ~/.cache nor in /tmp: choose another directory"):
        plain_paths.plain(str(tmp_path / ODD))


def test_a_link_that_somebody_else_could_have_made_is_not_taken(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, out = tmp_path / "shared", str(tmp_path / ODD)
    monkeypatch.setattr(plain_paths, "_folders", lambda: [shared])
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(OSError, match="choose another directory"):
        plain_paths.plain(out)
    shared.chmod(0o700)
    link = pathlib.Path(plain_paths.plain(out))
    link.unlink()
    link.symlink_to("/elsewhere")
    with pytest.raises(OSError, match="choose another directory"):
        plain_paths.plain(out)


def test_temporary_files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / ODD
    odd.mkdir()
    monkeypatch.setenv("TMPDIR", str(odd))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with plain_paths.plain_temporary_files():
        assert os.environ["TMPDIR"] == tempfile.gettempdir() == plain_paths.plain(str(odd))
        with tempfile.NamedTemporaryFile() as file:
            assert os.listdir(odd) == [pathlib.Path(file.name).name]
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(odd)

"""What shares a name with Segue's packages is found, before and after they are installed."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

from pipeline import neighbours, start
from pipeline.cli.main import app


def _install(folder: pathlib.Path, name: str, *packages: str) -> pathlib.Path:
    """A distribution as pip notes it."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{package}/__init__.py,,\n" for package in packages))
    (info / "top_level.txt").write_text("\n".join(packages))
    return folder


def test_a_shared_name_is_told(tmp_path, monkeypatch):
    assert neighbours.told() is None
    monkeypatch.syspath_prepend(_install(tmp_path / "one", "other", "schema", "unlike"))
    monkeypatch.syspath_prepend(_install(tmp_path / "two", neighbours.DISTRIBUTION, "schema"))
    assert neighbours.sharing() == {"schema": ["other"]}
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert done.stdout.startswith("segue ")
    assert "Segue's: schema (other)." in done.stderr


def test_what_cannot_be_imported_since_it_was_overwritten_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(_install(tmp_path / "one", "other", "schema"))
    monkeypatch.syspath_prepend(_install(tmp_path / "two", neighbours.DISTRIBUTION, "schema"))
    monkeypatch.setitem(sys.modules, "pipeline.cli.main", None)
    with pytest.raises(SystemExit) as ended:
        start.main()
    assert ended.value.code == 1
    assert "schema (other)" in capsys.readouterr().err


def test_another_error_of_an_import_is_not_hidden(monkeypatch):
    monkeypatch.setattr(neighbours, "told", lambda: None)
    monkeypatch.setitem(sys.modules, "pipeline.cli.main", None)
    with pytest.raises(ImportError):
        start.main()


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"unlike": ["unlike"]}, ""),
        ({"segue-recommender": ["schema", "models"]}, ""),
        (
            {"a": ["models"], "b": ["models", "schema"]},
            "models: also of a, b, whose files would be overwritten\n"
            "schema: also of b, whose files would be overwritten\n",
        ),
    ],
)
def test_what_a_wheel_would_overwrite(root, tmp_path, others, says):
    wheel = tmp_path / "segue.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in ("schema/__init__.py", "models/data/rows.py"):
            packed.writestr(name, "")
        packed.writestr("segue_recommender-1.0.dist-info/METADATA", "Name: segue-recommender\n")
    for name, packages in others.items():
        _install(tmp_path / "site", name, *packages)
    done = subprocess.run(
        [sys.executable, "-S", str(root / "scripts" / "overwrites.py"), str(wheel)],
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (bool(says), says), done.stderr

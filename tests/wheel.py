"""Builds the project as whoever installs it elsewhere does: an sdist, and its wheel."""

import pathlib
import shutil
import subprocess
import sys


def build(root: pathlib.Path, folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Builds both from a copy of the tree, offline.

    Args:
        root: the project.
        folder: where to work.

    Returns:
        The paths of the sdist and of the wheel that is made of it.
    """
    copy = folder / "project"
    copy.mkdir(parents=True)
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(root / name, copy)
    packages = [path.parent for path in root.glob("*/__init__.py") if path.parent.name != "tests"]
    for path in (*packages, root / "requirements"):
        shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    sdists, wheels = folder / "sdist", folder / "wheel"
    _run("setup.py", "--quiet", "sdist", "--dist-dir", str(sdists), cwd=copy)
    (sdist,) = sdists.iterdir()
    _run(
        *("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
        *("--wheel-dir", str(wheels), str(sdist)),
        cwd=folder,
    )
    (wheel,) = wheels.iterdir()
    return sdist, wheel


def _run(*arguments: str, cwd: pathlib.Path) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

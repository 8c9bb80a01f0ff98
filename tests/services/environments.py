"""Environments of their own, which opt-in suites set up where they may."""

from __future__ import annotations

import pathlib
import subprocess

import pytest


def python_of(root: pathlib.Path, name: str, version: str) -> pathlib.Path:
    """The interpreter of an environment of requirements/NAME.lock, or a skip in words."""
    done = subprocess.run(
        [root / "scripts" / "environment.sh", name, version],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"needs .cache/{name}: {done.stderr.strip()[-300:]}")
    return pathlib.Path(done.stdout.strip())

"""The packages, installed where nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import checkout


@pytest.mark.services
def test_a_run_of_what_the_wheel_installs(root, tmp_path):
    """`make package` and `make try-package`, beside the project's own dist."""
    uv = os.path.join(sys.prefix, "bin", "uv")
    project = checkout.linked(root, tmp_path / "project")
    build = [uv, "build", "--quiet", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", str(project / "dist"), str(root)], check=True)
    done = subprocess.run(
        [str(project / "scripts" / "try_package.sh")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Installed from the wheel, a run ended: " in done.stdout

"""Debian's packages, for opt-in suites that install what they need where they may."""

from __future__ import annotations

import os
import shutil
import subprocess


def install(*packages: str) -> str:
    """Installs packages as root.

    Returns:
        Why it could not, "" where it did.
    """
    if os.geteuid() or not shutil.which("apt-get"):
        return "only root can, with apt-get"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "--yes", "--no-install-recommends", *packages)):
        done = subprocess.run(
            ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return done.stderr.strip()[-200:]
    return ""

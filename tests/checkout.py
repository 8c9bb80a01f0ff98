"""A folder that stands for a checkout of the project, for commands that write where they run."""

from __future__ import annotations

import pathlib
import sys

#: What commands leave in a checkout, or find there.
_OWN = {".venv", ".git", "build", "dist", "kept", "out"}


def linked(root: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Makes the folder, with links to what the project has and to the environment of the tests."""
    folder.mkdir()
    for path in root.iterdir():
        if path.name not in _OWN:
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder

"""Other names for directories whose own names are patterns to TensorFlow, Beam and TFX.

They find files by pattern, and the directory's name is a part of it: in `proj [old]/out` nothing is
found. A link without such characters stands for the directory then. TFX remembers artifacts by
path, so that a directory has the same link in every run.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pathlib
import stat
import tempfile
from collections.abc import Iterator
from typing import Final

_SPECIAL: Final = frozenset("*?[]{}\\\n")
_DIGITS: Final = 16


def plain(path: str) -> str:
    """Returns a path to a directory that no library takes for a pattern.

    Args:
        path: of a local directory, there or not; a remote one is returned as it is.

    Returns:
        The absolute path, or a link to it in the user's cache, in /tmp where that is read-only.

    Raises:
        OSError: a link is needed and can be made nowhere.
    """
    if "://" in path:
        return path
    path = os.path.abspath(path)
    if not _SPECIAL.intersection(path):
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:_DIGITS]
    for folder in _folders():
        with contextlib.suppress(OSError):
            return _linked(folder / name, path)
    raise OSError(
        errno.EINVAL,
        f"{path}: TensorFlow takes a path with *, ?, [ or braces for a pattern, and the link that "
        "would stand for it can be made neither in ~/.cache nor in /tmp: choose another directory",
    )


@contextlib.contextmanager
def plain_temporary_files() -> Iterator[None]:
    """Gives the directory of temporary files such a path while the block runs.

    Raises:
        OSError: as `plain` does.
    """
    before, variable = tempfile.gettempdir(), os.environ.get("TMPDIR")
    chosen = plain(before)
    if chosen == os.path.abspath(before):
        yield
        return
    tempfile.tempdir = os.environ["TMPDIR"] = chosen
    try:
        yield
    finally:
        tempfile.tempdir = before
        del os.environ["TMPDIR"]
        if variable is not None:
            os.environ["TMPDIR"] = variable


def _folders() -> Iterator[pathlib.Path]:
    """Where links may lie: the same places in every run."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # In /tmp the name keeps users apart.
    for folder in (pathlib.Path(home, "segue", "paths"), pathlib.Path(f"/tmp/segue-{os.getuid()}")):  # noqa: S108 - checked below
        if folder.is_absolute() and not _SPECIAL.intersection(str(folder)):
            yield folder


def _linked(link: pathlib.Path, path: str) -> str:
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = link.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PermissionError(errno.EACCES, "others could change what lies in it", str(link.parent))
    with contextlib.suppress(FileExistsError):
        link.symlink_to(path, target_is_directory=True)
    if os.readlink(link) != path:
        raise FileExistsError(errno.EEXIST, "leads elsewhere", str(link))
    return str(link)

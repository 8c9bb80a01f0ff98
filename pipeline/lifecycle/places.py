"""Files under an output directory: which may be deleted, how large they are, and their deletion."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator


class Places:
    """What lies below an output directory itself: not elsewhere, nor behind a symbolic link.

    Args:
        out: the directory.
        spelled: other paths by which artifacts name it.
    """

    def __init__(self, out: str, *spelled: str) -> None:
        self.out = os.path.realpath(out)
        self._spelled = sorted({os.path.abspath(out), self.out, *spelled})

    def inside(self, path: str) -> str | None:
        """The path without links, None where it is not below the directory itself.

        Args:
            path: of a file or directory that may be gone.
        """
        for spelled in self._spelled:
            below = os.path.relpath(path, spelled) if "://" not in path else os.pardir
            parts = below.split(os.sep)
            if os.path.isabs(path) and parts[0] not in (os.pardir, os.curdir):
                return self._walked(parts)
        return None

    def _walked(self, parts: list[str]) -> str | None:
        path = self.out
        for part in parts:
            path = os.path.join(path, part)
            if os.path.islink(path):
                return None
        return path


class Sizes:
    """Sizes of trees, in which a file with several names (hard links) counts once."""

    def __init__(self) -> None:
        self._files: dict[tuple[int, int], tuple[int, int]] = {}
        self._names: dict[tuple[int, int], int] = {}

    def add(self, path: str) -> int:
        """Measures a tree; links are not followed.

        Returns:
            The bytes of its files that no tree before had.
        """
        added = 0
        for entry in _files(path):
            key = (entry.st_dev, entry.st_ino)
            added += entry.st_size if key not in self._files else 0
            self._files[key] = entry.st_size, entry.st_nlink
            self._names[key] = self._names.get(key, 0) + 1
        return added

    @property
    def freed(self) -> int:
        """The bytes of the files that have no name outside of the trees."""
        return sum(size for key, (size, names) in self._files.items() if self._names[key] >= names)


def newest(path: str) -> float:
    """When a tree was last changed, in seconds since 1970; links are not followed."""
    times = [os.lstat(path).st_mtime, *(entry.st_mtime for entry in _files(path))]
    return max(times)


def remove(path: str) -> None:
    """Deletes a file or a tree; of a link, the link.

    Raises:
        OSError: it cannot be deleted.
    """
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _files(path: str) -> Iterator[os.stat_result]:
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        yield found
        return
    for folder, _, names in os.walk(path):
        for name in names:
            yield os.lstat(os.path.join(folder, name))

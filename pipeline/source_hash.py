"""Hashes of Segue's own sources, which TFX's cache keys would otherwise not see."""

from __future__ import annotations

import functools
import hashlib
import pathlib

_ROOT = pathlib.Path(__file__).resolve().parent.parent


class Hashes:
    """Hashes files and folders under the project's root."""

    def __init__(self, root: pathlib.Path = _ROOT) -> None:
        self._root = root

    def of(self, *parts: str) -> str:
        """Hashes the Python and text-proto sources of the named files and folders.

        Args:
            *parts: paths relative to the root.

        Returns:
            A hexadecimal digest that changes with any name or content.

        Raises:
            FileNotFoundError: if a part does not exist.
        """
        digest = hashlib.sha256()
        for part in parts:
            for path in self._files(part):
                digest.update(str(path.relative_to(self._root)).encode() + b"\0")
                digest.update(_content_hash(path))
        return digest.hexdigest()[:16]

    def _files(self, part: str) -> list[pathlib.Path]:
        path = self._root / part
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise FileNotFoundError(f"No source at {path}")
        return sorted(p for p in path.rglob("*") if p.suffix in {".py", ".pbtxt"})


@functools.lru_cache(maxsize=4096)
def _content_hash(path: pathlib.Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()

"""What stands in a file's place until it is fetched, such as a pointer of Git LFS."""

from __future__ import annotations

from typing import Final

_TOLD: Final = {
    b"version https://git-lfs.github.com/spec/": "a Git LFS pointer: git lfs pull fetches the file",
    b"/annex/objects/": "a git-annex pointer: git annex get fetches the file",
}
#: So many bytes from a file's start are enough to know.
LONGEST: Final = max(map(len, _TOLD))


def stand_in(content: bytes) -> str | None:
    """What a file that begins like this is, and how it is fetched; None for a file itself."""
    return next((told for start, told in _TOLD.items() if content.startswith(start)), None)

"""How every file that others may be reading is put in place: whole, by a rename."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Gives a path to write to, which takes the place of `path` when the block ends well.

    Readers see the old file or the new one, never a part. A block that fails leaves the old file.

    Args:
        path: a local file; its directory is made where it is missing.

    Yields:
        A new, empty file in the same directory, with the same suffixes.
    """
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        dir=target.parent, prefix=".partial-", suffix="".join(target.suffixes)
    )
    os.close(descriptor)
    partial = pathlib.Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file in UTF-8, whole or not at all; see `replacing`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")

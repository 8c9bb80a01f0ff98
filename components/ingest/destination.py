"""Where an ingest writes: aside first, and in place of an earlier one's results at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from apache_beam.io.filesystems import FileSystems

from components.ingest import manifest
from components.ingest.errors import IngestError
from components.ingest.finding import is_remote, list_files
from schema import output_lock

#: Names of what is written, as patterns.
PLAYLISTS_PATTERN: Final = "playlists-*-of-*.tfrecord.gz"
REJECTS_PATTERN: Final = "rejects-*.jsonl"
#: Rejects of an ingest that failed for them; the results beside them are an earlier one's.
FAILED_PATTERN: Final = "rejects-failed-*.jsonl"

_RESULTS: Final = (PLAYLISTS_PATTERN, REJECTS_PATTERN)
_STAGING_PREFIX: Final = "ingesting-"


@contextlib.contextmanager
def staging(output: str) -> Iterator[str]:
    """Gives a new folder in `output`, which is gone when the block ends.

    A local `output` is locked meanwhile. What killed ingests left there is removed, unless the
    file system knows no locks: then it may belong to one that runs.

    Raises:
        IngestError: when `output` cannot be written to.
        InUseError: when another command writes to it.
    """
    root = FileSystems.join(output, _STAGING_PREFIX + uuid.uuid4().hex)
    with contextlib.ExitStack() as stack:
        if not is_remote(output):
            try:
                locked = stack.enter_context(output_lock.taken(output, "ingest"))
            except OSError as error:
                raise IngestError(f"cannot write to {output!r}: {error}") from error
            if locked:
                for left in Path(output).glob(_STAGING_PREFIX + "*"):
                    _delete_tree(str(left))
        stack.callback(_delete_tree, root)
        yield root


def replace(root: str, output: str) -> list[str]:
    """Puts what lies in a staging folder in place of an earlier ingest's results.

    The manifest goes first, so that a mixture is never taken for a result.

    Returns:
        The names of the new files, sorted.
    """
    for pattern in (manifest.NAME, *_RESULTS):
        FileSystems.delete([file.path for file in list_files(output, [pattern])])
    names = _move(root, "rejects", output)
    names |= _move(root, "all", output)
    names |= _move(root, "unique", output)  # in place of those with duplicates
    return sorted(names)


def keep_rejects(root: str, output: str) -> None:
    """Puts the rejects of an ingest that fails beside an earlier one's results."""
    FileSystems.delete([file.path for file in list_files(output, [FAILED_PATTERN])])
    _move(root, "rejects", output, FAILED_PATTERN.partition("*")[0])


def list_rejects(output: str) -> list[str]:
    """Returns the paths of the rejects that belong to the results in `output`."""
    failed = {file.path for file in list_files(output, [FAILED_PATTERN])}
    return [file.path for file in list_files(output, [REJECTS_PATTERN]) if file.path not in failed]


def _move(root: str, folder: str, output: str, prefix: str = "") -> set[str]:
    """Moves the results in a staging folder; `prefix` takes the place of `rejects-`."""
    sources = [file.path for file in list_files(FileSystems.join(root, folder), _RESULTS)]
    names = [os.path.basename(path) for path in sources]
    if prefix:
        names = [prefix + name.removeprefix("rejects-") for name in names]
    if sources:
        FileSystems.rename(sources, [FileSystems.join(output, name) for name in names])
    return set(names)


def _delete_tree(root: str) -> None:
    if is_remote(root):
        FileSystems.delete([file.path for file in list_files(root, ["**"])])
    else:
        shutil.rmtree(root, ignore_errors=True)

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

from components.ingest import manifest, pids
from components.ingest.errors import IngestError
from components.ingest.finding import InputFile, is_remote, list_files
from schema import output_lock

#: Names of what is written, as patterns.
PLAYLISTS_PATTERN: Final = "playlists-*-of-*.tfrecord.gz"
REJECTS_PATTERN: Final = "rejects-*.jsonl"
#: What a window of spans leaves out of each.
DROPPED_PATTERN: Final = "dropped-*.npy"
#: Rejects of an ingest that failed for them; the results beside them are an earlier one's.
FAILED_PATTERN: Final = "rejects-failed-*.jsonl"

_RESULTS: Final = (PLAYLISTS_PATTERN, pids.PATTERN, REJECTS_PATTERN, DROPPED_PATTERN)
_STAGING_PREFIX: Final = "ingesting-"
# What a staging folder holds: rejects, records, and again those records that had duplicates.
_FOLDERS: Final = ("rejects", "all", "unique")


@contextlib.contextmanager
def staging(output: str) -> Iterator[str]:
    """Gives a new folder in `output`, which is gone when the block ends.

    A local `output` is locked meanwhile. What killed ingests left there is put in place where it is
    whole, and removed otherwise; neither where the file system knows no locks, as it may belong to
    one that runs. A folder with a manifest outlives an error: it is whole, `output` may not be.

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
                for left in map(str, Path(output).glob(_STAGING_PREFIX + "*")):
                    if manifest.read(left):
                        replace(left, output)
                    _delete_tree(left)
        stack.callback(_delete_unfinished, root)
        yield root


def settle(root: str) -> dict[str, int]:
    """Leaves no file twice in a staging folder: what was written without duplicates stays.

    Returns:
        The results in it, their sizes in bytes by name.
    """
    again = [os.path.basename(file.path) for file in _staged(root, "unique")]
    FileSystems.delete([FileSystems.join(root, "all", name) for name in again])
    files = [file for folder in _FOLDERS for file in _staged(root, folder)]
    return {os.path.basename(file.path): file.size for file in sorted(files)}


def replace(root: str, output: str) -> None:
    """Puts what a staging folder's manifest lists in place of an earlier ingest's results.

    The earlier manifest goes first and the new one comes last, so that a mixture is never taken
    for a result. Until then the folder has the new manifest, and what was cut short can be
    repeated: nothing is lost.

    Args:
        root: a staging folder that is settled and has its manifest.
        output: where the results belong.
    """
    finished = manifest.read(root)
    names = finished.outputs if finished else {}
    for pattern in (manifest.NAME, *_RESULTS):
        there = [file.path for file in list_files(output, [pattern])]
        FileSystems.delete([path for path in there if os.path.basename(path) not in names])
    for folder in _FOLDERS:
        _move(root, folder, output)
    FileSystems.rename(
        [FileSystems.join(root, manifest.NAME)], [FileSystems.join(output, manifest.NAME)]
    )


def keep_rejects(root: str, output: str) -> None:
    """Puts the rejects of an ingest that fails beside an earlier one's results."""
    FileSystems.delete([file.path for file in list_files(output, [FAILED_PATTERN])])
    _move(root, "rejects", output, FAILED_PATTERN.partition("*")[0])


def list_rejects(output: str) -> list[str]:
    """Returns the paths of the rejects that belong to the results in `output`."""
    failed = {file.path for file in list_files(output, [FAILED_PATTERN])}
    return [file.path for file in list_files(output, [REJECTS_PATTERN]) if file.path not in failed]


def _staged(root: str, folder: str) -> list[InputFile]:
    return list_files(FileSystems.join(root, folder), _RESULTS)


def _move(root: str, folder: str, output: str, prefix: str = "") -> None:
    """Moves the results in a staging folder; `prefix` takes the place of `rejects-`."""
    sources = [file.path for file in _staged(root, folder)]
    names = [os.path.basename(path) for path in sources]
    if prefix:
        names = [prefix + name.removeprefix("rejects-") for name in names]
    if sources:
        FileSystems.rename(sources, [FileSystems.join(output, name) for name in names])


def _delete_unfinished(root: str) -> None:
    if manifest.read(root) is None:
        _delete_tree(root)


def _delete_tree(root: str) -> None:
    if is_remote(root):
        FileSystems.delete([file.path for file in list_files(root, ["**"])])
    else:
        shutil.rmtree(root, ignore_errors=True)

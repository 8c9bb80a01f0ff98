"""What a window leaves out of each span: what a later one has again, and what a list names.

Only numbers are looked at, 12 bytes a playlist, one split at a time; the records stay as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from apache_beam.io.filesystems import FileSystems

from components.ingest import pids as pid_files
from components.ingest.errors import IngestError
from components.ingest.manifest import Manifest
from components.ingest.pids import Pids, Rows
from schema.splits import SPLITS


class Records(NamedTuple):
    """A span's records."""

    number: int
    folder: str
    manifest: Manifest


@dataclasses.dataclass
class Part:
    """What a window takes of a span.

    Attributes:
        dropped: pids of what it leaves out, ascending.
        splits: how many playlists it takes, by split.
        entries: how many entries these have, by split.
        updated: how many playlists a later span has again.
        deleted: how many are on the list.
        entries_updated: how many entries the updated ones have.
        entries_deleted: how many entries the deleted ones have.
    """

    dropped: Pids
    splits: dict[str, int] = dataclasses.field(default_factory=dict)
    entries: dict[str, int] = dataclasses.field(default_factory=dict)
    updated: int = 0
    deleted: int = 0
    entries_updated: int = 0
    entries_deleted: int = 0


def compose(spans: Sequence[Records], deleted: Pids) -> dict[int, Part]:
    """Decides what a window takes of each span.

    Args:
        spans: from the first to the last; of a playlist in several the last has the one to take.
        deleted: pids to leave out of all of them, ascending.

    Returns:
        A part of each span, by its number.

    Raises:
        IngestError: if the playlists of a span are not as many as its manifest says.
    """
    parts = {span.number: Part(np.empty(0, np.int64)) for span in spans}
    # A playlist is in the same split in every span, so no other one can have it again.
    for split in SPLITS:
        later = np.empty(0, np.int64)
        for span in reversed(spans):
            rows, part = _rows(span, split), parts[span.number]
            numbers = rows["pid"]
            is_deleted = np.isin(numbers, deleted)
            is_updated = np.isin(numbers, later) & ~is_deleted
            kept = ~(is_deleted | is_updated)
            part.dropped = np.union1d(part.dropped, numbers[~kept])
            part.splits[split] = int(kept.sum())
            part.entries[split] = _entries(rows, kept)
            part.entries_updated += _entries(rows, is_updated)
            part.entries_deleted += _entries(rows, is_deleted)
            part.updated += int(is_updated.sum())
            part.deleted += int(is_deleted.sum())
            later = np.union1d(later, numbers)
    for span in spans:
        _raise_if_lost(span, parts[span.number])
    return parts


def rows_of(folder: str, names: Mapping[str, int], split: str) -> dict[str, Rows]:
    """Reads what the files of a span hold of a split.

    Args:
        folder: of the span.
        names: of all that lies in it.
        split: its name.

    Returns:
        A row a record, by the name of the file of records.
    """
    prefix = pid_files.name(split, 0, 0).partition("00000")[0]
    return {
        _records_name(name): pid_files.read(FileSystems.join(folder, name))
        for name in sorted(names)
        if name.startswith(prefix)
    }


def _entries(rows: Rows, chosen: npt.NDArray[np.bool_]) -> int:
    return int(rows["tracks"][chosen].sum(dtype=np.int64))


def _records_name(name: str) -> str:
    return "playlists-" + name.removeprefix("pids-").removesuffix(".npy") + ".tfrecord.gz"


def _rows(span: Records, split: str) -> Rows:
    found = rows_of(span.folder, span.manifest.outputs, split).values()
    rows: Rows = np.concatenate([np.empty(0, pid_files.ROW), *found])
    expected = span.manifest.result.splits.get(split, 0)
    if len(rows) != expected:
        raise IngestError(
            f"span {span.number}: {expected} playlists of {split} were written, but {len(rows)} "
            f"are listed; delete {span.folder} to ingest it again"
        )
    return rows


def _raise_if_lost(span: Records, part: Part) -> None:
    """Whatever is neither written nor counted would be lost without a word."""
    written = span.manifest.result.playlists
    taken = sum(part.splits.values())
    if written != taken + part.updated + part.deleted or (
        len(part.dropped) != part.updated + part.deleted
    ):
        raise IngestError(
            f"span {span.number}: playlists were lost: it has {written}, of which {taken} are "
            f"taken, {part.updated} updated by a later span and {part.deleted} deleted"
        )

"""Puts the records of a window of spans together: those files are linked of which all is taken."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from apache_beam.io.filesystems import FileSystems

from components.example_files import pass_on
from components.example_gen.lost import LostRecordsError, raise_if_cut
from components.ingest import composition, manifest, records, tfrecords
from components.ingest import pids as pid_files
from components.ingest.manifest import Manifest
from components.ingest.pids import Pids, Rows
from schema.splits import FITTED, SPLITS

_THREADS: Final = (
    8  # unpacking and packing run beside each other, and so do an object store's files
)


@dataclasses.dataclass(frozen=True)
class Put:
    """What was put together.

    Attributes:
        playlists: how many there are, by split.
        prints: of each span, by number, what the records that are fitted to depend on: equal for
            equal records.
    """

    playlists: dict[str, int]
    prints: dict[int, str]


def prefix(number: int) -> str:
    """What the names of a span's files begin with."""
    return f"span-{number:05d}-"


def put_together(base: str, found: Manifest, folders: dict[str, str]) -> Put:
    """Puts the files of each split under its folder, without what the window leaves out.

    Args:
        base: where Ingest wrote the spans, local or remote.
        found: the window's manifest.
        folders: by split, local or remote.

    Raises:
        LostRecordsError: if a file is missing, or does not hold what is listed of it.
    """
    playlists, prints = dict.fromkeys(SPLITS, 0), {}
    for number, print_ in records.parts(found).items():
        folder = records.folder(base, number)
        written = manifest.read(folder)
        if written is None:
            raise LostRecordsError(f"{folder} has no manifest any more; start the run again")
        name = records.dropped_name(number)
        listed = name in found.outputs
        dropped = pid_files.read(FileSystems.join(base, name)) if listed else np.empty(0, np.int64)
        digest = hashlib.blake2b(print_.encode(), digest_size=16)
        for split in SPLITS:
            rows = composition.rows_of(folder, written.outputs, split)
            missing = [dropped[np.isin(dropped, each["pid"])] for each in rows.values()]
            if split in FITTED:
                digest.update(split.encode())
                digest.update(np.sort(np.concatenate(missing)).astype("<i8").tobytes())
            whole = [name for name, some in zip(rows, missing, strict=True) if not len(some)]
            pass_on([os.path.join(folder, each) for each in whole], folders[split], prefix(number))
            raise_if_cut(folders[split], {prefix(number) + e: written.outputs[e] for e in whole})
            tasks = [
                (
                    FileSystems.join(folder, each),
                    FileSystems.join(folders[split], prefix(number) + each),
                    rows[each],
                    some,
                )
                for each, some in zip(rows, missing, strict=True)
                if len(some)
            ]
            with ThreadPoolExecutor(_THREADS) as threads:
                list(threads.map(lambda task: _rewrite(*task), tasks))
            playlists[split] += sum(len(each) for each in rows.values())
            playlists[split] -= sum(len(some) for some in missing)
        prints[number] = digest.hexdigest()
    if playlists != found.result.splits:
        raise LostRecordsError(
            f"playlists were lost: {found.result.splits} were counted, {playlists} put together"
        )
    return Put(playlists, prints)


def _rewrite(source: str, target: str, rows: Rows, dropped: Pids) -> None:
    """Copies a file of records but for some playlists; the same ones give the same bytes."""
    keep = ~np.isin(rows["pid"], dropped)
    number = 0
    with tfrecords.open_gzip(source) as stream, tfrecords.create_gzip(target) as output:
        for record in tfrecords.read_records(stream):
            if number < len(keep) and keep[number]:
                tfrecords.write_record(output, record)
            number += 1
    if number != len(rows):
        raise LostRecordsError(f"{source} holds {number} records, not the {len(rows)} listed")

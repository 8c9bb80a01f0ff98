"""Which playlists a shard's file of a split holds: a small file beside it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

#: A row a record, in the records' order: the playlist's number, and how many tracks it has.
ROW: Final = np.dtype([("pid", "<i8"), ("tracks", "<i4")])
#: Names of such files, as a pattern.
PATTERN: Final = "pids-*-of-*.npy"

Rows = npt.NDArray[Any]
Pids = npt.NDArray[np.int64]


def name(split: str, index: int, shards: int) -> str:
    """Name of the file that belongs to a shard's file of a split's Examples."""
    return f"pids-{split}-{index:05d}-of-{shards:05d}.npy"


def rows(listed: Iterable[tuple[int, int]]) -> Rows:
    """Makes an array of pairs of pid and tracks."""
    return np.array(list(listed), dtype=ROW)


def write(path: str, array: npt.NDArray[Any]) -> None:
    """Writes an array in NumPy's format; the same values give the same bytes."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(buffer.getvalue())


def read(path: str) -> npt.NDArray[Any]:
    """Reads what `write` wrote.

    Raises:
        ValueError: when the file is cut.
    """
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        array: npt.NDArray[Any] = np.load(io.BytesIO(file.read()), allow_pickle=False)
        return array

"""Sorts more rows than memory holds by listener: sorted runs on disk, read bucket by bucket.

A pseudonym is an HMAC's digits, so its first four spread evenly: a bucket is a range of them, and
buckets one after the other are in the order of pseudonyms.
"""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Rows that a bucket holds, about.
BUCKET_ROWS: Final = 500_000
_PREFIX: Final = 4
_MOST: Final = 16**_PREFIX


def buckets_for(rows: int, each: int = BUCKET_ROWS) -> int:
    """Into how many buckets so many rows are split."""
    return min(max(1, math.ceil(rows / each)), _MOST)


def buckets_of(keys: pa.ChunkedArray, buckets: int) -> np.ndarray:
    """The bucket of each pseudonym: int64, rising with it."""
    prefixes = pc.utf8_slice_codeunits(keys, 0, _PREFIX).combine_chunks().dictionary_encode()
    values = [int(text, 16) for text in prefixes.dictionary.to_pylist()]
    numbers = np.array(values, np.int64) * buckets // _MOST
    return numbers[np.asarray(prefixes.indices)]


def buckets_of_texts(keys: np.ndarray, buckets: int) -> np.ndarray:
    """As `buckets_of`, of texts in NumPy."""
    return buckets_of(pa.chunked_array([keys.tolist()], pa.string()), buckets)


def write_run(folder: str, name: str, table: pa.Table, key: str, buckets: int) -> str:
    """Writes rows as a run: a batch a bucket, empty ones too.

    Args:
        folder: where runs lie.
        name: of the run; written again, as when a step is tried again, it is replaced.
        table: rows.
        key: the column of pseudonyms.
        buckets: how many.

    Returns:
        Its path.
    """
    of = buckets_of(table.column(key), buckets)
    order = np.argsort(of, kind="stable")
    ordered = table.take(pa.array(order)).combine_chunks()
    ends = np.searchsorted(of[order], np.arange(buckets + 1))
    path = os.path.join(folder, f"{name}.arrow")
    partial = os.path.join(folder, f".partial-{uuid.uuid4().hex}")
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(partial, "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as writer,
    ):
        for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            writer.write_batch(_batch(ordered.slice(start, end - start)))
    os.replace(partial, path)
    return path


def read_bucket(paths: Sequence[str], bucket: int) -> pa.Table:
    """The rows of a bucket in all runs, in the order of the runs' names.

    Raises:
        ValueError: there are no runs.
    """
    batches = []
    for path in sorted(paths):
        with pa.OSFile(path, "rb") as source:
            batches.append(pa.ipc.open_file(source).get_batch(bucket))
    if not batches:
        raise ValueError("there are no runs to read")
    return pa.Table.from_batches(batches)


def _batch(table: pa.Table) -> pa.RecordBatch:
    arrays = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)

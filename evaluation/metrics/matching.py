"""Finding withheld ids among recommended ones, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

#: Rows of ids: one sequence a playlist, or `(values, splits)` with row i at
#: `values[splits[i]:splits[i + 1]]`.
Rows: TypeAlias = Sequence[Any] | tuple[np.ndarray, np.ndarray]

# Above this, (row, id) might not fit into an int64, and ids are numbered anew.
_LARGEST_ID = 1 << 40


def encode(recommended: np.ndarray, relevant: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers the ids of both sides alike.

    Args:
        recommended: ids [P, K], integers or strings.
        relevant: P rows of ids of the same kind.

    Returns:
        int64 codes [P, K] of the recommended, negative for padding; row and code of every
        relevant id.

    Raises:
        ValueError: the sides differ in rows or in the kind of their ids.
    """
    num_rows, relevant_rows, values = _flatten(relevant)
    if num_rows != len(recommended):
        raise ValueError(f"{len(recommended)} rows are recommended, {num_rows} are relevant")
    flat = recommended.reshape(-1)
    if not flat.size:
        flat = flat.astype(values.dtype)
    elif not values.size:
        values = values.astype(flat.dtype)
    kinds = {_kind(flat), _kind(values)} - {"none"}
    if len(kinds) > 1:
        raise ValueError(f"ids must be of one kind, not {' and '.join(sorted(kinds))}")

    if kinds == {"integers"}:
        codes, relevant_codes = flat.astype(np.int64), values.astype(np.int64)
        if max(codes.max(initial=-1), relevant_codes.max(initial=-1)) >= _LARGEST_ID:
            both = np.concatenate([codes, relevant_codes])
            both = np.where(both < 0, -1, pd.factorize(both)[0])
            codes, relevant_codes = both[: flat.size], both[flat.size :]
    else:
        both = np.concatenate([flat.astype(object), values.astype(object)])
        numbers, uniques = pd.factorize(both)
        empty = [number for number, unique in enumerate(uniques) if not unique]
        numbers = np.where(np.isin(numbers, empty), -1, numbers).astype(np.int64)
        codes, relevant_codes = numbers[: flat.size], numbers[flat.size :]
    return codes.reshape(recommended.shape), relevant_rows, relevant_codes


def first_hits(
    codes: np.ndarray, relevant_rows: np.ndarray, relevant_codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where a relevant id first occurs in its row, and how many distinct ones a row has.

    Args:
        codes: int64 [P, K] as `encode` returns them.
        relevant_rows: int64 [R], as `encode` returns them.
        relevant_codes: int64 [R], as `encode` returns them.

    Returns:
        bool [P, K] and int64 [P].
    """
    kept = relevant_codes >= 0
    relevant_rows, relevant_codes = relevant_rows[kept], relevant_codes[kept]
    # One integer for (row, id), so that the whole batch is a single look-up in a hash table.
    span = max(codes.max(initial=0), relevant_codes.max(initial=0)) + 1
    relevant_keys = pd.unique(relevant_rows * span + relevant_codes)
    valid = codes >= 0
    keys = pd.Index((np.arange(len(codes))[:, np.newaxis] * span + codes)[valid])
    found = np.asarray(keys.isin(relevant_keys))
    found[found] = ~keys[found].duplicated()
    hits = np.zeros(codes.shape, dtype=bool)
    hits[valid] = found
    return hits, np.bincount(relevant_keys // span, minlength=len(codes)).astype(np.int64)


def _flatten(rows: Rows) -> tuple[int, np.ndarray, np.ndarray]:
    """The number of ragged rows, and the row and value of every entry."""
    if isinstance(rows, tuple) and len(rows) == 2 and isinstance(rows[0], np.ndarray):
        values, lengths = rows[0], np.diff(rows[1])
    else:
        arrays = [np.asarray(row).reshape(-1) for row in rows]
        lengths = np.array([len(array) for array in arrays], dtype=np.int64)
        filled = [array for array in arrays if len(array)]
        values = np.concatenate(filled) if filled else np.empty(0, dtype=object)
    return len(lengths), np.repeat(np.arange(len(lengths)), lengths), values


def _kind(values: np.ndarray) -> str:
    if values.dtype.kind in "iu":
        return "integers"
    if values.dtype.kind in "SU":
        return "bytes" if values.dtype.kind == "S" else "text"
    for value in values:
        if value:
            return "text" if isinstance(value, str) else type(value).__name__
    return "none"

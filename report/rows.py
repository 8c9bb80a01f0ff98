"""Reads per_playlist.parquet: one row per model and playlist, with every metric."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from evaluation.metrics.registry import is_known
from report import formatting
from schema.rows import COUNTS, KEYS, MODEL, PID, SCENARIO, SPLIT

#: Of more rows a part is kept, so that the report needs less than a gigabyte of memory.
MAX_ROWS = 500_000


def read_rows(path: Path, notes: list[str]) -> pd.DataFrame:
    """Reads the rows; what keeps it from doing so becomes a note, and the result is empty.

    Of a very large file it keeps a part of the playlists, the same ones for every model.
    """
    if not path.is_file():
        notes.append(f"{path.name} is missing, so figures drawn from playlists are left out.")
        return pd.DataFrame()
    try:
        parquet = pyarrow.parquet.ParquetFile(path)
        names = set(parquet.schema_arrow.names)
        if absent := [key for key in KEYS if key not in names]:
            notes.append(f"{path.name} has no column {formatting.listing(absent)}: left out.")
            return pd.DataFrame()
        wanted = [c for c in parquet.schema_arrow.names if _is_used(c)]
        share = min(1.0, MAX_ROWS / max(1, parquet.metadata.num_rows))
        if share < 1:
            kept = formatting.percent(share)
            notes.append(f"Figures drawn from playlists show {kept} of them, chosen by hash.")
        parts = [
            _sample(_clean(batch.to_pandas()), share)
            for batch in parquet.iter_batches(columns=wanted)
        ]
    except (OSError, pyarrow.ArrowException) as error:
        notes.append(f"{path.name} cannot be read ({error}), so it is left out.")
        return pd.DataFrame()
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=wanted)
    for column in KEYS:
        frame[column] = frame[column].astype("category")
    return frame.drop_duplicates([MODEL, SPLIT, PID])


def _is_used(column: str) -> bool:
    return column in KEYS or column in COUNTS or is_known(column)


def _clean(frame: pd.DataFrame) -> pd.DataFrame:
    for column in frame.columns:
        if column in KEYS:
            frame[column] = frame[column].astype(object).map(_text)
        else:
            numbers = pd.to_numeric(frame[column], errors="coerce").astype(np.float64)
            frame[column] = numbers.replace([np.inf, -np.inf], np.nan)
    return frame


def _text(value: object) -> str:
    """Keys are text, or bytes as in examples."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _sample(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    if share >= 1 or frame.empty:
        return frame
    places = pd.util.hash_array(frame[PID].to_numpy()) % 10_000
    return frame[places < 10_000 * share]


def paired(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One row per playlist, one column per model, of one split's rows.

    Playlists keep their scenario as a second level of the index. A playlist that a model has no
    value for is NaN in that column.
    """
    if rows.empty or metric not in rows.columns:
        return pd.DataFrame()
    wide = rows.pivot_table(
        index=[PID, SCENARIO], columns=MODEL, values=metric, observed=True, aggfunc="first"
    )
    wide.columns = [str(name) for name in wide.columns]
    return wide

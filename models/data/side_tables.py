"""Side tables as a Trainer reads them: by track id, wherever they lie."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from models.data.playlists import Catalogue
from schema.side_tables import SIDE_TABLE_FILE, TABLE_FILE, SideTable, read_side_table
from schema.tables import TRENDING, TRENDING_NAME, conform

if TYPE_CHECKING:
    import pyarrow as pa


def read(folder: str) -> tuple[SideTable, pa.Table]:
    """Reads a side table from wherever TensorFlow's file systems reach.

    Raises:
        ValueError: a file is missing, or the table is not the one that was described.
    """
    with tempfile.TemporaryDirectory() as local:
        for name in (SIDE_TABLE_FILE, TABLE_FILE):
            path = os.path.join(folder, name)
            if not tf.io.gfile.exists(path):
                raise ValueError(f"{folder} is no side table: {path} is missing")
            tf.io.gfile.copy(path, os.path.join(local, name))
        return read_side_table(local)


def trend(folder: str, catalogue: Catalogue) -> tuple[SideTable, np.ndarray]:
    """Reads the side table of tracks that trend.

    Returns:
        What it is, and float64 [N]: the trend of each track of the catalogue, 0 where it has none.

    Raises:
        ValueError: it cannot be read, or is another table.
    """
    described, table = read(folder)
    if described.name != TRENDING_NAME:
        raise ValueError(f"{folder} holds the side table {described.name}, not {TRENDING_NAME}")
    found = conform(table, TRENDING)
    uris = (uri.encode() for uri in found.column("track_uri").to_pylist())
    by_uri = dict(zip(uris, found.column("trend").to_pylist(), strict=True))
    return described, np.array([by_uri.get(uri, 0.0) for uri in catalogue.track_uris], np.float64)

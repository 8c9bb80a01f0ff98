"""Side tables as a Trainer reads them: by track id, wherever they lie."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Final

import numpy as np
import tensorflow as tf

from models.data.playlists import Catalogue
from schema.side_tables import SIDE_TABLE_FILE, TABLE_FILE, SideTable, read_side_table
from schema.tables import AUDIO_EMBEDDINGS, AUDIO_NAME, TRENDING, TRENDING_NAME, conform

if TYPE_CHECKING:
    import pyarrow as pa


_SCHEMAS: Final = {TRENDING_NAME: TRENDING, AUDIO_NAME: AUDIO_EMBEDDINGS}


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


def open_table(folder: str) -> tuple[SideTable, pa.Table]:
    """Opens a side table that a Trainer reads, in the columns of its contract.

    Raises:
        ValueError: it cannot be read, or is one that no Trainer reads.
    """
    described, table = read(folder)
    if described.name not in _SCHEMAS:
        raise ValueError(
            f"{folder} holds the side table {described.name}, not {' or '.join(_SCHEMAS)}"
        )
    return described, conform(table, _SCHEMAS[described.name])


def trend(table: pa.Table, catalogue: Catalogue) -> np.ndarray:
    """The trend of each track of the catalogue, 0 where it has none: float64 [N]."""
    uris = (uri.encode() for uri in table.column("track_uri").to_pylist())
    by_uri = dict(zip(uris, table.column("trend").to_pylist(), strict=True))
    return np.array([by_uri.get(uri, 0.0) for uri in catalogue.track_uris], np.float64)

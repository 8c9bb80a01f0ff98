"""Side tables as a Trainer reads them: by track id, wherever they lie."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from models.data.playlists import Catalogue
from schema.side_tables import SIDE_TABLE_FILE, TABLE_FILE, SideTable, read_side_table
from schema.tables import AUDIO_EMBEDDINGS, AUDIO_NAME, TRENDING, TRENDING_NAME, conform

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


@dataclasses.dataclass(frozen=True)
class Opened:
    """A side table that a Trainer was given; one of the two is there.

    Attributes:
        described: what it is.
        trend: gives float64 [N], the trend of each track of a catalogue, 0 where it has none.
        audio: gives the table of audio embeddings.
    """

    described: SideTable
    trend: Callable[[Catalogue], np.ndarray] | None = None
    audio: Callable[[], pa.Table] | None = None


def open_table(folder: str) -> Opened:
    """Opens the side table of a folder, by its name.

    Raises:
        ValueError: it cannot be read, or is one that no Trainer reads.
    """
    described, table = read(folder)
    if described.name == TRENDING_NAME:
        return Opened(described, trend=lambda catalogue: _trend(table, catalogue))
    if described.name == AUDIO_NAME:
        return Opened(described, audio=lambda: conform(table, AUDIO_EMBEDDINGS))
    raise ValueError(
        f"{folder} holds the side table {described.name}, not {TRENDING_NAME} or {AUDIO_NAME}"
    )


def _trend(table: pa.Table, catalogue: Catalogue) -> np.ndarray:
    found = conform(table, TRENDING)
    uris = (uri.encode() for uri in found.column("track_uri").to_pylist())
    by_uri = dict(zip(uris, found.column("trend").to_pylist(), strict=True))
    return np.array([by_uri.get(uri, 0.0) for uri in catalogue.track_uris], np.float64)

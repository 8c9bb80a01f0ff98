"""What is known as of the cut, a bucket of listeners at a time: features, segments; and tracks."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from listening.features import Partition, partitions
from schema.features import LISTENER_COLUMNS
from schema.side_tables import TABLE_FILE
from schema.tables import LISTENING_HISTORY, SEGMENTS, TRACKS, conform

_LISTENER: Final = "listener_id"
_HISTORY: Final = pa.schema(
    [LISTENING_HISTORY.field(name) for name in (_LISTENER, *LISTENER_COLUMNS)]
)
_SEGMENTS: Final = pa.schema([SEGMENTS.field(name) for name in (_LISTENER, "segment")])
_TRACK_COLUMNS: Final = (
    *("track_uri", "track_name", "artist_uri", "artist_name"),
    *("album_uri", "album_name", "duration_ms"),
)
_TRACKS: Final = pa.schema([TRACKS.field(name) for name in _TRACK_COLUMNS])


class Facts:
    """Features and segments as of a cut, read where they lie.

    Raises:
        ValueError: one of them was not built as of the cut.
    """

    def __init__(self, features: str, cut: datetime.datetime) -> None:
        self._history = partitions.at(features, "listening_history", cut)
        self._segments = partitions.at(features, "segments", cut)

    def of(self, listeners: pa.Array) -> dict[str, dict[str, Any]]:
        """The segment and the features of listeners who follow each other.

        Args:
            listeners: pseudonyms in their order; those between them are read too.

        Returns:
            `segment`, None where there is none, and `features` by pseudonym; who is not known as of
            the cut is not there.

        Raises:
            FileNotFoundError: another command built one of them anew.
        """
        if not len(listeners):
            return {}
        first, last = listeners[0].as_py(), listeners[-1].as_py()
        history = _between(self._history, _HISTORY, first, last)
        segments = _between(self._segments, _SEGMENTS, first, last)
        known = dict(zip(*segments.to_pydict().values(), strict=True))
        names, *numbers = history.to_pydict().values()
        rows = zip(names, zip(*numbers, strict=True), strict=True)
        return {
            listener: {"segment": known.get(listener), "features": list(row)}
            for listener, row in rows
        }


def _between(partition: Partition, schema: pa.Schema, first: str, last: str) -> pa.Table:
    """Rows are in the order of listeners, so few row groups are read."""
    wanted = [(_LISTENER, ">=", first), (_LISTENER, "<=", last)]
    path = os.path.join(partition.folder, TABLE_FILE)
    return conform(pq.read_table(path, columns=schema.names, filters=wanted), schema)


class TrackTexts:
    """The table of tracks, read where it lies.

    Raises:
        TableError: it lacks a column.
        OSError: it cannot be read.
    """

    def __init__(self, path: str) -> None:
        found = pq.read_schema(path)
        conform(found.empty_table(), _TRACKS)
        self._path = path
        self._there = [name for name in _TRACK_COLUMNS if name in found.names]

    def entries(self, uris: pa.Array) -> list[bytes]:
        """Tracks as a playlist has them, in JSON; of those that are not in the table the URI."""
        wanted = ds.field("track_uri").isin(uris)
        scanned = ds.dataset(self._path).to_table(columns=self._there, filter=wanted)
        found: Mapping[str, dict[str, Any]] = {
            row["track_uri"]: {name: value for name, value in row.items() if value is not None}
            for row in conform(scanned, _TRACKS).to_pylist()
        }
        return [orjson.dumps(found.get(uri, {"track_uri": uri})) for uri in uris.to_pylist()]

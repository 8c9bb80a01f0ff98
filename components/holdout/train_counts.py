"""How many of the playlists that models are fitted to hold each track."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.transforms import window
from apache_beam.utils.windowed_value import WindowedValue
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from schema import features

#: How many playlists a batch has, at least and at most.
BATCH: Final = (1024, 1024)
# Rows that wait to be added up, and distinct tracks that a worker counts before it passes them on.
_WAITING: Final = 1 << 19
_KEPT: Final = 1 << 20


class CountTracks(beam.DoFn):
    """Batches of serialised playlists to (track URI, playlists that hold it), summed by bundle."""

    def __init__(self, name: Hashable, amounts: str) -> None:
        """Names what it counts besides.

        Args:
            name: of the amounts.
            amounts: the output that gets (`name`, (playlists, entries)), of each bundle.
        """
        self._name = name
        self._amounts = amounts

    def setup(self) -> None:
        """Makes what decodes."""
        schema = schema_pb2.Schema()
        schema.feature.add(name=features.TRACK_URI, type=schema_pb2.BYTES)
        self._decoder = example_coder.ExamplesToRecordBatchDecoder(schema.SerializeToString())

    def start_bundle(self) -> None:
        """Begins with nothing."""
        self._waiting: list[pa.Table] = []
        self._rows = self._playlists = self._entries = 0

    def process(self, batch: list[bytes]) -> Iterator[tuple[bytes, int]]:
        """Counts a batch; passes on what is more than a worker keeps."""
        (tracks,) = self._decoder.DecodeBatch(batch).columns
        self._playlists += len(batch)
        self._entries += len(tracks.flatten())
        counted = playlists_by_track(tracks)
        self._waiting.append(counted)
        self._rows += len(counted)
        if self._rows >= _WAITING:
            self._waiting, self._rows = [_summed(self._waiting)], 0
            if len(self._waiting[0]) >= _KEPT:
                yield from _items(self._waiting.pop())

    def finish_bundle(self) -> Iterator[Any]:
        """Passes on the rest, and the amounts."""
        if self._waiting:
            yield from map(_windowed, _items(_summed(self._waiting)))
        self._waiting = []
        counted = self._name, (self._playlists, self._entries)
        yield beam.pvalue.TaggedOutput(self._amounts, _windowed(counted))


def playlists_by_track(tracks: pa.ListArray) -> pa.Table:
    """Counts the lists that hold each value, however often.

    Args:
        tracks: binary lists [P, (S)].

    Returns:
        Columns `track` and `playlists`.
    """
    uris = tracks.flatten().dictionary_encode()
    codes = uris.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    lists = np.repeat(np.arange(len(tracks)), tracks.value_lengths().fill_null(0).to_numpy())
    once = np.unique(lists * max(len(uris.dictionary), 1) + codes)
    counts = np.bincount(once % max(len(uris.dictionary), 1), minlength=len(uris.dictionary))
    return pa.table({"track": uris.dictionary, "playlists": counts})


def _summed(tables: list[pa.Table]) -> pa.Table:
    summed = pa.concat_tables(tables).group_by("track").aggregate([("playlists", "sum")])
    return pa.table({"track": summed["track"], "playlists": summed["playlists_sum"]})


def _items(table: pa.Table) -> Iterator[tuple[bytes, int]]:
    return zip(table["track"].to_pylist(), table["playlists"].to_pylist(), strict=True)


def _windowed(item: Any) -> WindowedValue:
    everywhere = window.GlobalWindow()
    return WindowedValue(item, everywhere.max_timestamp(), (everywhere,))

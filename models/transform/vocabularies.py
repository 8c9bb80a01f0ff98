"""Learns all vocabularies and the catalogue in one pass: an analyzer of tf.Transform's."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform import analyzer_nodes, nodes
from tensorflow_transform.beam import experimental

from models.transform import counting
from schema import features

#: What a catalogue's line is split at: URI, track name, artist name, artist key, album key.
SEPARATOR: Final = "\t"
#: The vocabularies by the column of a catalogue's line that they come from.
_COLUMNS: Final = {
    features.TRACK_VOCABULARY: 0,
    features.ARTIST_VOCABULARY: 3,
    features.ALBUM_VOCABULARY: 4,
}
_FILES: Final = (*_COLUMNS, features.TITLE_VOCABULARY, features.CATALOGUE_VOCABULARY)
_LINES, _NGRAMS = 0, 1
# As tf.Transform writes where there is no value: TensorFlow loads no empty table.
_PLACEHOLDER: Final = b"49d0cd50-04bb-48c0-bc6f-5b575dce351a"
_ROWS: Final = 1 << 16


def learn(
    lines: tf.RaggedTensor, title_ngrams: tf.RaggedTensor, min_counts: Mapping[str, int]
) -> dict[str, tf.Tensor]:
    """Counts over all playlists; call it in a `preprocessing_fn`.

    Args:
        lines: string ragged [B, (S)], the catalogue's line of each entry.
        title_ngrams: string ragged [B, (G)].
        min_counts: how often a value must occur to enter its vocabulary, by vocabulary.

    Returns:
        The path of each vocabulary's file, for `tft.apply_vocabulary`: a value a line, the most
        frequent first, of equally frequent ones the greater. `catalogue` has the most frequent line
        of each track that is in `tracks`, in the same order.
    """
    with tf.compat.v1.name_scope("vocabularies"):
        batches = analyzer_nodes.get_input_tensors_value_nodes(
            (lines.flat_values, title_ngrams.flat_values)
        )
        # Up to here it is done for each dataset by itself, and the cache keeps what it gives.
        counted = _stage("count", batches, _Count(), is_partitionable=True)
        kept = _stage(
            "merge", counted, counting.MergeParts(), is_partitionable=True, cache_coder=_Coder()
        )
        everything = _stage("merge_all", kept, counting.MergeParts(), is_partitionable=False)
        files = [
            analyzer_nodes.TensorInfo(
                tf.string, [], analyzer_nodes.TemporaryAssetInfo(_PLACEHOLDER, "text")
            )
        ] * len(_FILES)
        written = _stage(
            "write", everything, _Write(dict(min_counts)), is_partitionable=False, outputs=files
        )
    paths = map(analyzer_nodes.wrap_as_tensor, written)
    for name in _FILES:
        tft.annotate_asset(name, name)
    return dict(zip(_FILES, paths, strict=True))


def _stage(
    name: str,
    inputs: Any,
    ptransform: beam.PTransform,
    *,
    outputs: Sequence[Any] = (analyzer_nodes.TensorInfo(tf.string, [], None),),
    **options: Any,
) -> tuple[Any, ...]:
    """Adds one step to the analysis graph.

    `tft.experimental.ptransform_analyzer` gives each of its steps as many outputs as the last one,
    and the cache takes no more than one.
    """
    with tf.compat.v1.name_scope(name):
        return nodes.apply_multi_output_operation(
            analyzer_nodes.PTransform,
            *(inputs if isinstance(inputs, tuple) else (inputs,)),
            ptransform=ptransform,
            output_tensor_info_list=list(outputs),
            **options,
        )


class _Count(beam.PTransform):
    """Batches to parts."""

    def __repr__(self) -> str:
        """Without an address: it is part of the keys of tf.Transform's analyzer cache."""
        return type(self).__name__

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        return batches | "Count" >> beam.ParDo(counting.CountBatches())


class _Write(experimental.PTransformAnalyzer):
    """Parts to the paths of the files that hold the vocabularies."""

    def __init__(self, min_counts: dict[str, int]) -> None:
        super().__init__()
        self._min_counts = min_counts

    def expand(self, parts: beam.PCollection) -> tuple[beam.PCollection, ...]:
        folder = self.base_temp_dir
        written = (
            parts.pipeline
            | "Once" >> beam.Create([folder])
            | "Write"
            >> beam.FlatMap(write, beam.pvalue.AsIter(parts), self._min_counts).with_outputs(
                *_FILES
            )
        )
        return tuple(written[name] for name in _FILES)


class _Coder(tft.experimental.PTransformAnalyzerCacheCoder):
    """Keeps parts in the analyzer cache."""

    def encode_cache(self, cache: counting.Part) -> bytes:
        kind, shard, table = cache
        return bytes([kind, shard]) + table

    def decode_cache(self, encoded_cache: bytes) -> counting.Part:
        return counting.Part(encoded_cache[0], encoded_cache[1], encoded_cache[2:])


def write(
    folder: str, parts: Iterable[counting.Part], min_counts: Mapping[str, int]
) -> Iterator[Any]:
    """Writes the files into a folder, and yields the path of each under its name."""
    counted = list(parts)
    tf.io.gfile.makedirs(folder)
    lines = _in_order(counting.tables_of(counted, _LINES))
    columns = pc.split_pattern(lines[counting.VALUE], SEPARATOR)
    ordered = {}
    for name, column in _COLUMNS.items():
        keys = pa.Table.from_arrays(
            [pc.list_element(columns, column), lines[counting.COUNT]], schema=lines.schema
        )
        ordered[name] = _frequent(counting.merged([keys]), min_counts[name])
    ngrams = counting.tables_of(counted, _NGRAMS)
    ordered[features.TITLE_VOCABULARY] = _frequent(ngrams, min_counts[features.TITLE_VOCABULARY])
    # `index_in` finds the first line of each track, which is its most frequent one.
    found = pc.index_in(
        ordered[features.TRACK_VOCABULARY],
        value_set=pc.list_element(columns, _COLUMNS[features.TRACK_VOCABULARY]).combine_chunks(),
    )
    ordered[features.CATALOGUE_VOCABULARY] = lines[counting.VALUE].take(found)
    for name in _FILES:
        path = os.path.join(folder, name)
        _save(path, ordered[name])
        yield beam.pvalue.TaggedOutput(name, np.array(path))


def _frequent(counts: pa.Table, least: int) -> pa.ChunkedArray:
    """The values, without the empty one, that occur often enough."""
    kept = pc.and_(
        pc.greater_equal(counts[counting.COUNT], least),
        pc.greater(pc.binary_length(counts[counting.VALUE]), 0),
    )
    return _in_order(counts.filter(kept))[counting.VALUE]


def _in_order(counts: pa.Table) -> pa.Table:
    keys = [(counting.COUNT, "descending"), (counting.VALUE, "descending")]
    return counts.sort_by(keys).combine_chunks()


def _save(path: str, values: pa.ChunkedArray) -> None:
    with tf.io.gfile.GFile(path, "wb") as file:
        for start in range(0, len(values), _ROWS):
            file.write(b"\n".join(values.slice(start, _ROWS).to_pylist()) + b"\n")
        if not len(values):
            file.write(_PLACEHOLDER + b"\n")

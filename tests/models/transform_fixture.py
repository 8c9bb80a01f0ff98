"""Writes by hand what Transform writes: vocabularies, a schema and gzipped examples."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io

from schema import features

_RAGGED = (features.TRACK_URI, features.TITLE_NGRAMS)


def _values_key(name: str) -> str:
    return f"{features.transformed_name(name)}$ragged_values"


def feature_spec() -> dict[str, Any]:
    """As Transform infers it: ragged ids, dense strings."""
    ragged = {
        features.transformed_name(name): tf.io.RaggedFeature(
            tf.int64, value_key=_values_key(name), row_splits_dtype=tf.int64
        )
        for name in _RAGGED
    }
    texts = (features.PID, features.NAME)
    told = features.LISTENER_FEATURES
    ragged[features.transformed_name(told)] = tf.io.RaggedFeature(
        tf.float32, value_key=_values_key(told), row_splits_dtype=tf.int64
    )
    ragged[features.transformed_name(features.MODIFIED_AT)] = tf.io.VarLenFeature(tf.int64)
    return ragged | {
        features.transformed_name(name): tf.io.FixedLenFeature([], tf.string) for name in texts
    }


def write_graph(directory: pathlib.Path, vocabularies: dict[str, Sequence[str]]) -> str:
    """Writes a directory that `tft.TFTransformOutput` reads."""
    assets = directory / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    for name, lines in vocabularies.items():
        (assets / name).write_bytes("".join(f"{line}\n" for line in lines).encode())
    metadata_io.write_metadata(
        dataset_metadata.DatasetMetadata.from_feature_spec(feature_spec()),
        str(directory / "transformed_metadata"),
    )
    return str(directory)


def example(
    pid: str,
    tracks: Sequence[int],
    ngrams: Sequence[int] = (),
    followers: int | None = None,
    title: str = "",
    listener: Sequence[float] = (),
    modified_at: int | None = None,
) -> bytes:
    ids = {features.TRACK_URI: tracks, features.TITLE_NGRAMS: ngrams}
    fields = {
        _values_key(name): tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        for name, values in ids.items()
    }
    for name, text in ((features.PID, pid), (features.NAME, title)):
        fields[features.transformed_name(name)] = tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[text.encode()])
        )
    for name, number in ((features.FOLLOWERS, followers), (features.MODIFIED_AT, modified_at)):
        if number is not None:
            fields[features.transformed_name(name)] = tf.train.Feature(
                int64_list=tf.train.Int64List(value=[number])
            )
    fields[_values_key(features.LISTENER_FEATURES)] = tf.train.Feature(
        float_list=tf.train.FloatList(value=listener)
    )
    return tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString()


def write_records(path: pathlib.Path, records: Sequence[bytes]) -> None:
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
        for record in records:
            writer.write(record)

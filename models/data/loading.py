"""Loads what Transform wrote as the `TrainingData` that every family learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from models.data.playlists import HeldOutPlaylists, Playlists, TrainingData
from models.data.ragged import Ragged
from models.data.vocabularies import (
    TransformOutput,
    Vocabularies,
    read_catalogue,
    read_vocabularies,
)
from schema import features

# Playlists parsed at once: memory beyond the result stays at a few MB.
_BATCH: Final = 1024

_TRACKS: Final = features.transformed_name(features.TRACK_URI)
_TITLE: Final = features.transformed_name(features.TITLE_NGRAMS)
_TARGETS: Final = features.transformed_name(features.HOLDOUT_TRACK_URI)
_PID: Final = features.transformed_name(features.PID)
_SCENARIO: Final = features.transformed_name(features.SCENARIO)
_FOLLOWERS: Final = features.transformed_name(features.FOLLOWERS)
# Not a feature: counted while targets are read.
_NUM_TARGETS: Final = "num_targets"


def load_training_data(
    train_files: Iterable[str], eval_files: Iterable[str], transform: TransformOutput
) -> tuple[TrainingData, Vocabularies]:
    """Reads transformed playlists into arrays, in the order of their pid.

    Memory is that of the result, 4 bytes a track of a playlist, and as much again while it is put
    together; the order makes training independent of how the files are sharded.

    Args:
        train_files: patterns of gzipped TFRecord files of transformed train playlists.
        eval_files: the same of held-out ones; may be empty.
        transform: Transform's output.

    Returns:
        The data, and the vocabularies behind its ids.

    Raises:
        ValueError: if no file matches, a feature or vocabulary is missing, or train holds no
            track of the vocabulary.
    """
    vocabularies = read_vocabularies(transform)
    spec = transform.transformed_feature_spec()
    read = _read(train_files, spec, (_TRACKS, _TITLE))
    train = Playlists(read[_TRACKS], read[_TITLE], read.get(_FOLLOWERS))
    if not len(train.track_ids.values):
        raise ValueError(
            "No training playlist holds a track of the vocabulary: there are too few playlists, "
            "or the configured minimum count of tracks is too high."
        )
    counts = np.bincount(train.track_ids.values, minlength=len(vocabularies.tracks))
    catalogue = read_catalogue(transform, vocabularies, counts.astype(np.int64))
    read = _read(eval_files, spec, (_TRACKS, _TITLE, _TARGETS, _SCENARIO))
    evaluation = HeldOutPlaylists(
        track_ids=read[_TRACKS],
        artist_ids=read[_TRACKS].map_ids(catalogue.artist_ids),
        title_ngram_ids=read[_TITLE],
        targets=read[_TARGETS],
        num_targets=read[_NUM_TARGETS],
        scenarios=read[_SCENARIO],
    )
    data = TrainingData(
        catalogue=catalogue,
        train=train,
        evaluation=evaluation,
        num_artists=len(vocabularies.artists),
        num_albums=len(vocabularies.albums),
        num_title_ngrams=len(vocabularies.title_ngrams),
    )
    return data, vocabularies


def _read(patterns: Iterable[str], spec: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, Any]:
    """Reads columns of transformed playlists, in the order of their pid.

    Returns:
        `Ragged` or an array by feature: those wanted, `_NUM_TARGETS` beside `_TARGETS`, and
        `_FOLLOWERS` where the spec has them.
    """
    missing = [name for name in wanted if name not in spec]
    if missing:
        raise ValueError(f"Transform's output lacks {', '.join(missing)}.")
    names = [*wanted, *(name for name in (_PID, _FOLLOWERS) if name in spec)]
    patterns = list(patterns)
    files = sorted({path for pattern in patterns for path in tf.io.gfile.glob(pattern)})
    if patterns and not files:
        raise ValueError(f"No file matches {', '.join(patterns)}.")
    batches = (
        tf.data.TFRecordDataset(files, compression_type="GZIP")
        .batch(_BATCH)
        .map(lambda rows: tf.io.parse_example(rows, {name: spec[name] for name in names}))
        .prefetch(1)
    )
    parts: dict[str, list[Any]] = {name: [] for name in names}
    if _TARGETS in names:
        parts[_NUM_TARGETS] = []
    for batch in batches:
        for name in names:
            parts[name].append(_READERS[name](batch[name]))
        if _TARGETS in names:
            lengths = _ragged(batch[_TARGETS]).row_lengths()
            parts[_NUM_TARGETS].append(lengths.numpy().astype(np.int32))
    columns = {name: _joined(name, values) for name, values in parts.items()}
    pids = columns.pop(_PID, None)
    if pids is None:
        return columns
    order = np.argsort(pids, kind="stable")
    return {
        name: column.select(order) if isinstance(column, Ragged) else column[order]
        for name, column in columns.items()
    }


def _joined(name: str, parts: list[Any]) -> Any:
    """Puts what was read of each batch one after another."""
    if name in (_TRACKS, _TITLE, _TARGETS):
        return Ragged.concatenate(parts)
    dtype = np.int64 if name == _FOLLOWERS else np.int32 if name == _NUM_TARGETS else object
    return np.concatenate([np.zeros(0, dtype), *parts])


def _ragged(values: Any) -> tf.RaggedTensor:
    """Feature specs may give rows of any length as ragged or as sparse tensors."""
    return tf.RaggedTensor.from_sparse(values) if isinstance(values, tf.SparseTensor) else values


def _scalars(values: Any, default: str | int) -> np.ndarray:
    """The only value of each row, or the default."""
    if not isinstance(values, tf.Tensor):
        values = _ragged(values).to_tensor(default_value=default, shape=[None, 1])
    return tf.reshape(values, [-1]).numpy()


def _strings(values: Any) -> np.ndarray:
    """The only string of each row, "" where it is missing."""
    rows = _scalars(values, "")
    return np.array([row.decode("utf-8", "replace") for row in rows], object)


#: How a batch of each feature is read.
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    _TRACKS: lambda values: Ragged.from_tensor(_ragged(values), unique=True),
    _TITLE: lambda values: Ragged.from_tensor(_ragged(values), unique=False),
    _TARGETS: lambda values: Ragged.from_tensor(_ragged(values), unique=True),
    _PID: _strings,
    _SCENARIO: _strings,
    _FOLLOWERS: lambda values: _scalars(values, 0),
}

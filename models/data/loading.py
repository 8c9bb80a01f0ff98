"""Loads what Transform wrote as the `TrainingData` that every family learns from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from models.contract import Playlists, Ragged, TrainingData
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
    train = _read_playlists(train_files, spec, held_out=False)
    evaluation = _read_playlists(eval_files, spec, held_out=True)
    if not len(train.track_ids.values):
        raise ValueError(
            "No training playlist holds a track of the vocabulary: there are too few playlists, "
            "or the configured minimum count of tracks is too high."
        )
    counts = np.bincount(train.track_ids.values, minlength=len(vocabularies.tracks))
    data = TrainingData(
        catalogue=read_catalogue(transform, vocabularies, counts.astype(np.int64)),
        train=train,
        evaluation=evaluation,
        num_artists=len(vocabularies.artists),
        num_albums=len(vocabularies.albums),
        num_title_ngrams=len(vocabularies.title_ngrams),
    )
    return data, vocabularies


def _read_playlists(patterns: Iterable[str], spec: dict[str, Any], held_out: bool) -> Playlists:
    names = [_TRACKS, _TITLE, *([_TARGETS, _SCENARIO] if held_out else [])]
    missing = [name for name in names if name not in spec]
    if missing:
        raise ValueError(f"Transform's output lacks {', '.join(missing)}.")
    names += [name for name in (_PID, _FOLLOWERS) if name in spec]
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
    num_targets: list[np.ndarray] = []
    for batch in batches:
        parts[_TRACKS].append(_known(batch[_TRACKS], unique=True))
        parts[_TITLE].append(_known(batch[_TITLE], unique=False))
        if held_out:
            parts[_TARGETS].append(_known(batch[_TARGETS], unique=True))
            num_targets.append(_ragged(batch[_TARGETS]).row_lengths().numpy().astype(np.int32))
            parts[_SCENARIO].append(_strings(batch[_SCENARIO]))
        if _PID in names:
            parts[_PID].append(_strings(batch[_PID]))
        if _FOLLOWERS in names:
            parts[_FOLLOWERS].append(_scalars(batch[_FOLLOWERS], 0))
    followers = parts.get(_FOLLOWERS)
    order = np.argsort(_concatenate(parts[_PID]), kind="stable") if parts.get(_PID) else None
    return Playlists(
        track_ids=_join(parts[_TRACKS], order),
        title_ngram_ids=_join(parts[_TITLE], order),
        targets=_join(parts[_TARGETS], order) if held_out else None,
        num_targets=_reorder(_concatenate(num_targets, np.int32), order) if held_out else None,
        scenarios=_reorder(_concatenate(parts[_SCENARIO]), order) if held_out else None,
        num_followers=_reorder(_concatenate(followers), order) if followers else None,
    )


def _ragged(values: Any) -> tf.RaggedTensor:
    """Feature specs may give rows of any length as ragged or as sparse tensors."""
    return tf.RaggedTensor.from_sparse(values) if isinstance(values, tf.SparseTensor) else values


def _known(rows: Any, unique: bool) -> Ragged:
    """Drops unknown ids (negative ones) and, where asked to, repeats within a row."""
    ragged = _ragged(rows)
    owners, values = ragged.value_rowids().numpy(), ragged.flat_values.numpy()
    known = values >= 0
    owners, values = owners[known], values[known]
    if unique and len(values):
        keys = owners * (values.max() + 1) + values
        first = np.sort(np.unique(keys, return_index=True)[1])
        owners, values = owners[first], values[first]
    lengths = np.bincount(owners, minlength=int(ragged.nrows()))
    return Ragged(values.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))


def _scalars(values: Any, default: str | int) -> np.ndarray:
    """The only value of each row, or the default."""
    if not isinstance(values, tf.Tensor):
        values = _ragged(values).to_tensor(default_value=default, shape=[None, 1])
    return tf.reshape(values, [-1]).numpy()


def _strings(values: Any) -> np.ndarray:
    """The only string of each row, "" where there is none."""
    rows = _scalars(values, "")
    return np.array([row.decode("utf-8", "replace") for row in rows], object)


def _concatenate(parts: Sequence[np.ndarray], dtype: Any = object) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _reorder(rows: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    return rows if order is None else rows[order]


def _join(parts: Sequence[Ragged], order: np.ndarray | None) -> Ragged:
    """Puts batches one after another, then their rows in order."""
    values = _concatenate([part.values for part in parts], np.int32)
    lengths = _concatenate([np.diff(part.splits) for part in parts], np.int64)
    splits = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    if order is None:
        return Ragged(values, splits)
    new_splits = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[order])])
    joined = np.empty_like(values)
    for new, old in enumerate(order):
        joined[new_splits[new] : new_splits[new + 1]] = values[splits[old] : splits[old + 1]]
    return Ragged(joined, new_splits)

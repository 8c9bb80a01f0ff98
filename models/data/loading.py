"""Loads what Transform wrote as the `TrainingData` that every family learns from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from models.data import counted
from models.data.artist_names import artist_names, lookup
from models.data.data_end import DataEnd
from models.data.histories import Heard
from models.data.playlists import Playlists, TrainingData
from models.data.ragged import Ragged
from models.data.vocabularies import (
    TransformOutput,
    Vocabularies,
    read_catalogue,
    read_vocabularies,
)
from models.transform.mentions import mention_ids
from schema import features
from schema.documents import Amount

# Playlists parsed at once: memory beyond the result stays at a few MB.
_BATCH: Final = 1024

_TRACKS: Final = features.transformed_name(features.TRACK_URI)
_TITLE: Final = features.transformed_name(features.TITLE_NGRAMS)
_PID: Final = features.transformed_name(features.PID)
_FOLLOWERS: Final = features.transformed_name(features.FOLLOWERS)
_NAME: Final = features.transformed_name(features.NAME)
_MODIFIED: Final = features.transformed_name(features.MODIFIED_AT)
_LISTENER: Final = features.transformed_name(features.LISTENER_FEATURES)


def load_training_data(
    train_files: Iterable[str], stop_files: Iterable[str], transform: TransformOutput
) -> tuple[TrainingData, Vocabularies]:
    """Reads transformed playlists into arrays, all of them in the order of their pid.

    Memory is that of the result, 4 bytes a track of a playlist, and as much again while it is put
    together; the order makes training independent of how the files are sharded, and of how many
    playlists are of stop where nothing is chosen on them.

    Args:
        train_files: patterns of gzipped TFRecord files of transformed train playlists.
        stop_files: the same of playlists of the split stop; may be empty.
        transform: Transform's output.

    Returns:
        The data, and the vocabularies behind its ids.

    Raises:
        ValueError: if no file matches, a feature or vocabulary is missing, or no playlist holds
            a track of the vocabulary.
        CountsError: if these are not all playlists and entries that Transform wrote.
    """
    vocabularies = read_vocabularies(transform)
    catalogue = read_catalogue(transform, vocabularies)
    names = artist_names(catalogue, len(vocabularies.artists))
    vocabularies = dataclasses.replace(vocabularies, artist_names=names)
    spec = transform.transformed_feature_spec()
    artist_ids = lookup(names)
    read, stop = _in_order(
        _read(train_files, spec, artist_ids), _read(stop_files, spec, artist_ids)
    )
    heard = read[_TRACKS]
    train = Playlists(
        heard.track_ids,
        read[_TITLE],
        read[_NAME],
        read.get(_FOLLOWERS),
        heard.plays,
        heard.listener_features,
    )
    if not len(train.track_ids.values):
        raise ValueError(
            "No training playlist holds a track of the vocabulary: there are too few playlists, "
            "or the configured minimum count of tracks is too high."
        )
    counts = np.bincount(train.track_ids.values, minlength=len(vocabularies.tracks))
    data = TrainingData(
        catalogue=dataclasses.replace(catalogue, counts=counts.astype(np.int64)),
        train=train,
        stop=stop,
        num_artists=len(vocabularies.artists),
        num_albums=len(vocabularies.albums),
        num_title_ngrams=len(vocabularies.title_ngrams),
        end=DataEnd.of(read.get(_MODIFIED, np.zeros(len(train.track_ids), np.int64))),
    )
    return data, vocabularies


def _read(
    patterns: Iterable[str], spec: dict[str, Any], artist_ids: Callable[[tf.Tensor], tf.Tensor]
) -> dict[str, Any]:
    """Reads columns of transformed playlists.

    Returns:
        `Heard`, `Ragged` or an array by feature: tracks, title n-grams, the artists that
        `artist_ids` finds in titles, and pids, followers and times of the last change where the
        spec has them.
    """
    missing = [name for name in _NEEDED if name not in spec]
    if missing:
        raise ValueError(f"Transform's output lacks {', '.join(missing)}.")
    names = [name for name in (_TRACKS, _LISTENER, *_READERS) if name in spec]
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
    parts: dict[str, list[Any]] = {name: [] for name in names if name != _LISTENER}
    playlists = entries = 0
    for batch in batches:
        tracks = _ragged(batch[_TRACKS])  # the unknown and the repeated among them
        playlists += int(tracks.nrows())
        entries += int(tf.size(tracks.flat_values))
        told = _ragged(batch[_LISTENER]) if _LISTENER in batch else None
        parts[_TRACKS].append(Heard.read(tracks, told))
        for name in parts.keys() - {_TRACKS}:
            values = _READERS[name](batch[name])
            # Titles themselves are not kept: a million of them are some 100 MB.
            parts[name].append(_mentions(values, artist_ids) if name == _NAME else values)
    counted.check(patterns, Amount(playlists=playlists, entries=entries))
    return {name: _joined(name, values) for name, values in parts.items()}


def _in_order(train: dict[str, Any], stop: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
    """Puts both together in the order of their pid, and says which rows are of stop."""
    columns = {name: _joined(name, [train[name], stop[name]]) for name in train}
    number = len(columns[_TRACKS].track_ids)
    pids = columns.pop(_PID, None)
    order = np.arange(number) if pids is None else np.argsort(pids, kind="stable")
    ordered = {
        name: column.select(order) if isinstance(column, Heard | Ragged) else column[order]
        for name, column in columns.items()
    }
    return ordered, np.flatnonzero(order >= len(train[_TRACKS].track_ids))


def _joined(name: str, parts: list[Any]) -> Any:
    """Puts what was read of each batch one after another."""
    if name == _TRACKS:
        return Heard.concatenate(parts)
    if name in _NEEDED:
        return Ragged.concatenate(parts)
    dtype = np.int64 if name in (_FOLLOWERS, _MODIFIED) else object
    return np.concatenate([np.zeros(0, dtype), *parts])


def _ragged(values: Any) -> tf.RaggedTensor:
    """Feature specs may give rows of any length as ragged or as sparse tensors."""
    return tf.RaggedTensor.from_sparse(values) if isinstance(values, tf.SparseTensor) else values


def _scalars(values: Any, default: str | int) -> np.ndarray:
    """The only value of each row, or the default."""
    if not isinstance(values, tf.Tensor):
        values = _ragged(values).to_tensor(default_value=default, shape=[None, 1])
    return tf.reshape(values, [-1]).numpy()


def _mentions(titles: np.ndarray, artist_ids: Callable[[tf.Tensor], tf.Tensor]) -> Ragged:
    return Ragged.from_tensor(mention_ids(tf.constant(titles), artist_ids), unique=False)


def _strings(values: Any) -> np.ndarray:
    """The only string of each row, "" where it is missing."""
    rows = _scalars(values, "")
    return np.array([row.decode("utf-8", "replace") for row in rows], object)


#: How a batch of each feature is read.
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    _TITLE: lambda values: Ragged.from_tensor(_ragged(values), unique=False),
    _PID: _strings,
    _FOLLOWERS: lambda values: _scalars(values, 0),
    _MODIFIED: lambda values: _scalars(values, 0),
    _NAME: lambda values: _scalars(values, ""),
}
_NEEDED: Final = (_TRACKS, _TITLE, _NAME)

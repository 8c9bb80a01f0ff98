"""Builds `track_vectors` and `listener_vectors` of one version of a model."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from listening.features import model_time, partitions
from listening.features.finishing import finish
from listening.features.partitions import Partition
from listening.features.vectors.model import VectorModel
from schema.tables import LISTENER_VECTORS, TRACK_VECTORS

_TRACKS: Final = 8_192  # asked for at once
_LISTENERS: Final = 512


@dataclasses.dataclass(frozen=True)
class VectorsBuilt:
    """What was built.

    Attributes:
        partitions: of tracks, then of listeners.
        changed: whether each differs from what lay there before, by view.
        model_version: of all vectors.
        unknown: listeners of whose last tracks the model knows none.
        warnings: of the checks, in words, by view.
    """

    partitions: tuple[Partition, ...]
    changed: Mapping[str, bool]
    model_version: str
    unknown: int
    warnings: Mapping[str, tuple[str, ...]]


def build(model: str, features: str, as_of: datetime.datetime) -> VectorsBuilt:
    """Builds both partitions of a cut, in place of earlier versions.

    A listener's vector is that of a playlist of the last tracks by the listening history as of the
    cut, the oldest first. A model that has learnt from later data is refused; where its card does
    not say until when its data goes, that is a warning.

    Args:
        model: a version, or a directory of versions, of which the newest is taken.
        features: the directory of features, with `listening_history` as of the cut.
        as_of: the cut, a whole hour of UTC.

    Raises:
        InUseError: another command builds one of them.
        SeriousAnomalyError: the rows are not what the curated schema says.
        ValueError: the model cannot be used, or has learnt from later data, or there is no
            `listening_history` as of the cut.
        OSError: `features` cannot be written to.
    """
    history = partitions.at(features, "listening_history", as_of)
    loaded = VectorModel(model)
    unsure = model_time.known_by(loaded.directory, loaded.card, as_of)
    counts: Counter[str] = Counter()
    rows: dict[str, Callable[[], Iterator[pa.Table]]] = {
        "track_vectors": lambda: _tracks(loaded),
        "listener_vectors": lambda: _listeners(loaded, history, counts),
    }
    built, changed, warnings = [], {}, {}
    for view, parts in rows.items():
        with partitions.building(features, view, as_of) as draft:
            found = finish(draft, parts()).warnings
            warnings[view] = (*found, *([unsure] if unsure else []))
            model_time.write(draft.folder, loaded.version, loaded.card)
        built.append(draft.partition)
        changed[view] = draft.changed
    return VectorsBuilt(tuple(built), changed, loaded.version, counts["unknown"], warnings)


def _tracks(model: VectorModel) -> Iterator[pa.Table]:
    for start in range(0, len(model.tracks), _TRACKS):
        uris = model.tracks[start : start + _TRACKS]
        columns = [uris, [model.version] * len(uris), _vectors(model.track_vectors(uris))]
        yield _table(columns, TRACK_VECTORS)


def _listeners(model: VectorModel, history: Partition, counts: Counter[str]) -> Iterator[pa.Table]:
    for block in history.blocks():
        for start in range(0, block.num_rows, _LISTENERS):
            rows = block.slice(start, _LISTENERS)
            names = rows.column("listener_id").to_pylist()
            seeds = [row[::-1] for row in rows.column("seed_uris").to_pylist()]
            vectors, known = model.listener_vectors(seeds)
            kept = np.flatnonzero(known)
            counts["unknown"] += len(names) - len(kept)
            columns = [
                [names[place] for place in kept],
                [model.version] * len(kept),
                _vectors(vectors[kept]),
                [len(seeds[place]) for place in kept],
                known[kept].tolist(),
            ]
            yield _table(columns, LISTENER_VECTORS)


def _table(columns: list[object], schema: pa.Schema) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _vectors(values: np.ndarray) -> pa.Array:
    """float32 [n, d] as a list a row."""
    kind = TRACK_VECTORS.field("vector").type
    offsets = pa.array(np.arange(len(values) + 1, dtype=np.int32) * values.shape[1])
    flat = pa.array(np.ascontiguousarray(values).ravel(), pa.float32())
    return pa.ListArray.from_arrays(offsets, flat).cast(kind)

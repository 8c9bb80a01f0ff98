"""Reads vectors of listeners and tracks together: of one version, or not at all."""

from __future__ import annotations

import datetime

import pyarrow as pa

from listening.features import partitions


def read(root: str, as_of: datetime.datetime) -> tuple[pa.Table, pa.Table]:
    """The vectors of listeners and of tracks as of a cut.

    Raises:
        ValueError: one was not built, or they are of different versions of the model, so that
            their products mean nothing.
    """
    listeners = partitions.read(root, "listener_vectors", as_of)
    tracks = partitions.read(root, "track_vectors", as_of)
    versions = {
        version
        for table in (listeners, tracks)
        for version in table.column("model_version").unique().to_pylist()
    }
    if len(versions) > 1:
        raise ValueError(
            f"{root}: as of {partitions.cut_name(as_of)} vectors are of model versions "
            f"{' and '.join(sorted(versions))}: segue features build vectors makes them of one"
        )
    return listeners, tracks

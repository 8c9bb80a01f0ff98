"""Mends the metadata store where files that it knows are gone or damaged."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.io import fileio
from tfx.orchestration import metadata

from schema import artifacts

_THREADS: Final = 16  # an object store takes as long for many as for one


def forget_missing(connection: Any, below: str | None = None) -> int:
    """Marks the artifacts of which no file is left as deleted, so that no node is given them.

    TFX looks at the files of what it takes from its cache, and not at those that resolvers find.
    After `pipeline_root` was deleted, or the output directory moved, each run would stop there.
    An artifact that shares its files with another folder knows their size: who cuts them there
    cuts them here.

    Args:
        connection: of a metadata store.
        below: a directory, local or remote, of whose artifacts alone it is about; None: of all.

    Returns:
        How many artifacts are gone or cut.
    """
    states = metadata_store_pb2.Artifact  # type: ignore[attr-defined]
    with metadata.Metadata(connection) as handle, ThreadPoolExecutor(_THREADS) as threads:
        known = [
            each
            for each in handle.store.get_artifacts()
            if each.state == states.LIVE
            and (below is None or each.uri.startswith(os.path.join(below, "")))
        ]
        gone = [
            artifact
            for artifact, is_there in zip(known, threads.map(_is_there, known), strict=True)
            if not is_there
        ]
        for artifact in gone:
            artifact.state = states.DELETED
        if gone:
            handle.store.put_artifacts(gone)
    return len(gone)


def _is_there(artifact: Any) -> bool:
    if "://" in artifact.uri:
        return fileio.exists(artifact.uri)
    return os.path.exists(artifact.uri) and not _is_cut(artifact)


def _is_cut(artifact: Any) -> bool:
    if artifacts.BYTES not in artifact.custom_properties:
        return False
    files = (os.path.join(path, name) for path, _, names in os.walk(artifact.uri) for name in names)
    return sum(map(os.path.getsize, files)) != artifact.custom_properties[artifacts.BYTES].int_value

"""Mends the metadata store where files that it knows are gone."""

from __future__ import annotations

import os
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata


def forget_missing(connection: Any) -> int:
    """Marks the artifacts of which no file is left as deleted, so that no node is given them.

    TFX looks at the files of what it takes from its cache, and not at those that resolvers find.
    After `pipeline_root` was deleted, or the output directory moved, each run would stop there.

    Args:
        connection: of a metadata store.

    Returns:
        How many artifacts on this machine are gone.
    """
    states = metadata_store_pb2.Artifact  # type: ignore[attr-defined]
    with metadata.Metadata(connection) as handle:
        gone = [
            artifact
            for artifact in handle.store.get_artifacts()
            if artifact.state == states.LIVE
            and "://" not in artifact.uri
            and not os.path.exists(artifact.uri)
        ]
        for artifact in gone:
            artifact.state = states.DELETED
        if gone:
            handle.store.put_artifacts(gone)
    return len(gone)

"""What is known of an output directory: its metadata, and what is served of it."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from pipeline.config import PipelineConfig
from pipeline.lifecycle import metadata, records
from pipeline.lifecycle.served import Released
from schema.layout import Layout


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What is known.

    Attributes:
        store: ML Metadata's MetadataStore.
        records: the runs.
        released: the versions.
    """

    store: Any
    records: records.Records
    released: Released


def read(config: PipelineConfig, *, writes: bool = False) -> Catalogue:
    """Reads what is known of the output directory of a configuration.

    Args:
        config: a run's, of which the places count.
        writes: whether the store will be written to.

    Raises:
        MetadataError: the metadata store cannot be reached or used.
        ConfigError, ServingError: as `serving.release.look` does.
    """
    path = check(config)
    store = metadata.opened(config.metadata, path, writes=writes)
    shared = os.path.realpath(config.out) if config.metadata.host is not None else None
    return Catalogue(store, records.read(store, shared), Released.of(config))


def check(config: PipelineConfig) -> str:
    """Looks whether there are metadata to read at all.

    Returns:
        The file that they are in, where they are in one.

    Raises:
        MetadataError: the file is missing.
    """
    path = Layout.under(config.out).metadata
    metadata.connection(config.metadata, path, writes=False)
    return path

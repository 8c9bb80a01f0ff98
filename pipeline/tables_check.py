"""Refuses a run that would learn from the plays that it withholds, by a table that knows later."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from typing import Final

from pipeline.config import PipelineConfig

#: What a table of a later time does, and what writes one of an earlier, by the key of a run.
_TABLES: Final = {
    "trending": ("holds plays that are withheld of", "segue events trending"),
    "cold_audio": (
        "may know tracks that come out behind the cut of",
        "segue features build audio_embeddings --tracks TABLE",
    ),
}


def check(config: PipelineConfig) -> None:
    """Compares `trending` and `cold_audio` with the cut of the listeners that are held out.

    Only where listeners are held out and both lie on this machine; what cannot be found there is
    left to the components that read it.

    Args:
        config: of a run.

    Raises:
        ConfigError: a table is of a later time than the cut.
    """
    if config.holdout.of != "listeners":
        return
    for key, (holds, command) in _TABLES.items():
        table = getattr(config, key)
        if table is not None and "://" not in table + config.data:
            _check(config, f"{key}: {table}", table, (holds, command))


def _check(config: PipelineConfig, named: str, table: str, told: tuple[str, str]) -> None:
    from listening.features import partitions
    from schema.side_tables import read_description
    from serving.protocol import ConfigError

    try:
        as_of = read_description(table).as_of
    except (OSError, ValueError):
        return  # SideTable names it
    for folder, cut in _cuts(config):
        if as_of > partitions.cut_of(cut):
            known = as_of.astimezone(datetime.timezone.utc)
            holds, command = told
            raise ConfigError(
                f"{named} is as of {known:%Y-%m-%dT%H:%M} and so {holds} the listeners in "
                f"{folder}, whose cut is {cut}: write it with `{command} --as-of {cut}`"
            )


def _cuts(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    """Folders of slices that a run reads and that have a manifest, each with its cut."""
    from components.ingest import finding
    from components.ingest.errors import IngestError
    from listening.held_out import MANIFEST

    try:
        files = [file for path in _paths(config) for file in finding.match_inputs(path).files]
    except IngestError:
        return  # Ingest says why
    for folder in sorted({os.path.dirname(file.path) for file in files}):
        path = os.path.join(folder, MANIFEST)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as manifest:
                yield folder, json.load(manifest)["cut"]


def _paths(config: PipelineConfig) -> list[str]:
    from components.ingest import spans

    data = config.data
    if not spans.has_spans(data):
        return [data]
    there = spans.find(data)
    last = spans.LATEST if config.span is None else str(config.span)
    chosen = spans.choose(data, last, config.window, there, ())
    return [spans.with_numbers(data, [there[number]]) for number in chosen]

"""Refuses a run that would learn from the plays that it withholds, by a table of what trends."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator

from pipeline.config import PipelineConfig


def check(config: PipelineConfig) -> None:
    """Compares `trending` with the cut of the listeners that are held out.

    Only where listeners are held out and both lie on this machine; what cannot be found there is
    left to the components that read it.

    Args:
        config: of a run.

    Raises:
        ConfigError: the table is of a later time than the cut.
    """
    table = config.trending
    if table is None or config.holdout.of != "listeners" or "://" in table + config.data:
        return
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
            raise ConfigError(
                f"trending: {table} is as of {known:%Y-%m-%dT%H:%M} and so holds plays that are "
                f"withheld of the listeners in {folder}, whose cut is {cut}: write it with "
                f"`segue events trending --as-of {cut}`"
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

"""Listeners leave partitions of features and segments: each that names one is written anew."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from listening.features import model_time, partitions
from listening.features.finishing import finish
from listening.features.partitions import Partition
from listening.features.social import leaving
from schema import output_lock
from schema.tables import FEATURE_VIEWS, FeatureView

_COMMAND: Final = "segue events erase"


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes listeners from every partition of every view.

    As of `listening.erasure.Eraser`; kinds: `rows`, `mentions` in the lists of others, `files`
    written anew. A partition gets a new version with its own fingerprint and statistics: that
    which would have been built had the listeners never been there.
    """
    removed = {"rows": 0, "mentions": 0, "files": 0}
    with output_lock.taken(root, _COMMAND):
        for view in FEATURE_VIEWS.values():
            if not view.listeners or not os.path.isdir(os.path.join(root, view.name)):
                continue
            # What was cut short, or replaced, may name listeners too.
            partitions.clear(root, view.name, _COMMAND)
            for partition in partitions.partitions(root, view.name):
                _erase(root, view, partition, frozenset(listeners), removed)
    return removed


def _erase(
    root: str,
    view: FeatureView,
    partition: Partition,
    listeners: frozenset[str],
    removed: dict[str, int],
) -> None:
    rows, mentions = _named(view, partition, listeners)
    if not rows + mentions:
        return
    with partitions.building(root, view.name, partition.time, _COMMAND) as draft:
        kept = (
            leaving.without(partition.blocks, listeners)
            if view.name == leaving.VIEW
            else _others(view, partition, listeners)
        )
        finish(draft, kept, refuse=False)  # whoever asks to leave leaves
        model_time.keep(partition.folder, draft.folder)
    removed["rows"] += rows
    removed["mentions"] += mentions
    removed["files"] += 1


def _named(view: FeatureView, partition: Partition, listeners: frozenset[str]) -> tuple[int, int]:
    """How many rows are of the listeners, and how many entries of others' lists name them."""
    rows = mentions = 0
    wanted = pa.array(sorted(listeners), pa.string())
    for block in partition.blocks():
        own = pc.is_in(block.column(view.key), wanted)
        rows += pc.sum(own).as_py() or 0
        for name in view.listeners:
            column = block.filter(pc.invert(own)).column(name)
            if pa.types.is_list(column.type):
                mentions += pc.sum(pc.is_in(pc.list_flatten(column), wanted)).as_py() or 0
    return rows, mentions


def _others(
    view: FeatureView, partition: Partition, listeners: frozenset[str]
) -> Iterator[pa.Table]:
    wanted = pa.array(sorted(listeners), pa.string())
    for block in partition.blocks():
        yield block.filter(pc.invert(pc.is_in(block.column(view.key), wanted)))

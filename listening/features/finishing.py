"""The last steps of every view: rows become the table of a draft, described and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pyarrow as pa

from listening.features import checks
from listening.features.partitions import Draft, Partition
from listening.features.writing import write_table


@dataclasses.dataclass(frozen=True)
class Finished:
    """What a draft came to.

    Attributes:
        rows: how many there are.
        warnings: how they differ from those of the cut before, in words.
    """

    rows: int
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Built:
    """What a command built.

    Attributes:
        partition: where it lies.
        changed: whether it differs from what lay there before.
        warnings: of the checks, in words.
    """

    partition: Partition
    changed: bool
    warnings: tuple[str, ...]


def finish(draft: Draft, parts: Iterable[pa.Table], *, refuse: bool = True) -> Finished:
    """Writes, describes and checks the table of a draft.

    Args:
        draft: of the partition.
        parts: rows in the view's columns, in the order of its key.
        refuse: whether a serious anomaly stops it; otherwise it is a warning too.

    Raises:
        SeriousAnomalyError: `refuse`, and the rows are not what the curated schema says.
        ValueError: keys do not rise, or vectors of two spaces meet.
    """
    rows = write_table(draft, parts)
    return Finished(rows, checks.check(draft, refuse=refuse).warnings)

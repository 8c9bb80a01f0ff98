"""Builds segments as of a cut, from features as of it and the segments of the cut before."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from listening.features import Built, Partition, finish, partitions
from listening.segments.assigning import assign
from listening.segments.rules import load, names
from schema.tables import SEGMENTS


@dataclasses.dataclass(frozen=True)
class SegmentsBuilt(Built):
    """What was built.

    Attributes:
        segments: listeners by segment, in the order of segments.
        models: the model profile of each segment.
        earlier: the cut whose segments were gone on from; None where there was none.
        entered: listeners that had no segment before.
        moved: listeners that had another one.
        left: listeners that had one, and have no row of features now.
    """

    segments: Mapping[str, int]
    models: Mapping[str, str]
    earlier: str | None
    entered: int
    moved: int
    left: int


def build(features: str, rules: str, as_of: datetime.datetime | None = None) -> SegmentsBuilt:
    """Builds the partition of a cut, in place of an earlier version.

    Memory holds the segments of the cut before, and some rows of features at a time.

    Args:
        features: the directory of features, with `listening_history` as of the cut.
        rules: a folder of segments' files.
        as_of: the cut; that of the newest `listening_history` by default.

    Raises:
        SegmentsError: the files are no segments.
        InUseError: another command builds segments there.
        ValueError: there is no `listening_history` as of the cut.
        OSError: `features` cannot be written to.
    """
    segments = load(rules)
    history = _history(features, as_of)
    cut = history.time
    counts: Counter[str] = Counter()
    with partitions.building(features, "segments", cut, "segue segments build") as draft:
        before = draft.earlier
        earlier = SEGMENTS.empty_table() if before is None else before.table()
        changes: Counter[str] = Counter()

        def rows() -> Iterator[pa.Table]:
            for block in history.blocks():
                found = assign(block, earlier, segments, partitions.micros(cut))
                counts.update(found.column("segment").to_pylist())
                changes.update(_changes(found, earlier))
                yield found

        finished = finish(draft, rows())
    known = earlier.num_rows
    return SegmentsBuilt(
        partition=draft.partition,
        changed=draft.changed,
        segments={name: counts[name] for name in names(segments)},
        models={segment.name: segment.model for segment in segments},
        earlier=None if before is None else before.as_of,
        entered=changes["entered"],
        moved=changes["moved"],
        left=known - changes["moved"] - changes["stayed"],
        warnings=finished.warnings,
    )


def _history(features: str, as_of: datetime.datetime | None) -> Partition:
    found = partitions.newest(features, "listening_history", as_of)
    if found is None or (as_of is not None and found.time != as_of):
        when = "" if as_of is None else f" as of {partitions.cut_name(as_of)}"
        raise ValueError(
            f"{features} holds no listening_history{when}: segue features build "
            "listening_history writes it"
        )
    return found


def _changes(found: pa.Table, earlier: pa.Table) -> dict[str, int]:
    places = pc.index_in(
        found.column("listener_id"), earlier.column("listener_id").combine_chunks()
    ).combine_chunks()
    before = earlier.column("segment").combine_chunks().take(places)
    same = pc.equal(found.column("segment").combine_chunks(), before)
    stayed = pc.sum(pc.fill_null(same, False)).as_py() or 0
    entered = before.null_count
    return {"entered": entered, "stayed": stayed, "moved": found.num_rows - entered - stayed}

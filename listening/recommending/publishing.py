"""Days of recommendations on disk: a folder a day, in it a folder a version.

    OUT/day=YYYY-MM-DD/version-NNNNNN/table.parquet, side_table.json, set_aside.parquet

A version is a side table of RECOMMENDATIONS. It is built beside its place and renamed there, so a
day is whole or not there, and other days do not notice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening import versions
from schema import output_lock
from schema.side_tables import (
    TABLE_FILE,
    SideTable,
    describe_side_table,
    read_description,
    read_side_table,
)
from schema.tables import RECOMMENDATIONS, RECOMMENDATIONS_NAME, SET_ASIDE, conform

SET_ASIDE_FILE: Final = "set_aside.parquet"
COMMAND: Final = "segue recommend"
DAYS: Final = re.compile(r"day=(\d{4}-\d{2}-\d{2})")


@dataclasses.dataclass(frozen=True)
class Published:
    """The recommendations of a day.

    Attributes:
        day: for which they are.
        version: how often the day was put in place with other rows.
        folder: where they lie.
    """

    day: datetime.date
    version: int
    folder: str

    def described(self) -> SideTable:
        """What they say of themselves; nothing that happened at `as_of` or later is in them.

        Raises:
            FileNotFoundError: a newer version has taken their place.
        """
        return read_description(self.folder)

    def table(self) -> pa.Table:
        """The lists, by listener and surface, after a look at the fingerprint.

        Raises:
            FileNotFoundError: a newer version has taken their place.
            ValueError: the table is not the one that was described.
        """
        _, table = read_side_table(self.folder)
        return conform(table, RECOMMENDATIONS)

    def set_aside(self) -> pa.Table:
        """Rows of SET_ASIDE: who got none.

        Raises:
            FileNotFoundError: a newer version has taken their place.
        """
        return conform(pq.read_table(os.path.join(self.folder, SET_ASIDE_FILE)), SET_ASIDE)

    def age(self, at: datetime.datetime) -> datetime.timedelta:
        """How long ago the facts ended that they were made of.

        Args:
            at: the time to count from, with its zone.
        """
        return at - self.described().as_of

    def models(self) -> tuple[str, ...]:
        """The versions of models that answered, in their order."""
        column = pq.read_table(os.path.join(self.folder, TABLE_FILE), columns=["model_version"])
        return tuple(sorted(column.column(0).unique().to_pylist()))


def published(out: str) -> list[Published]:
    """The newest version of each day, in the order of days; none where nothing was published."""
    found = []
    for name in sorted(versions.names(out)):
        if (named := DAYS.fullmatch(name)) is None:
            continue
        if (kept := versions.newest(os.path.join(out, name))) is not None:
            found.append(Published(datetime.date.fromisoformat(named[1]), *kept))
    return found


def newest(out: str, until: datetime.date | None = None) -> Published | None:
    """The newest day, at or before a day where one is given; None where there is none."""
    known = [each for each in published(out) if until is None or each.day <= until]
    return known[-1] if known else None


def read(out: str, until: datetime.date | None = None) -> tuple[Published, pa.Table]:
    """The newest day and its lists, also while it is replaced.

    Args:
        out: where days are published.
        until: the last day that counts.

    Raises:
        ValueError: there is none, or the table is not the one that was described.
    """

    def once() -> tuple[Published, pa.Table]:
        found = newest(out, until)
        if found is None:
            when = "" if until is None else f" of {until} or before"
            raise ValueError(
                f"{out} holds no recommendations{when}: segue recommend --listeners writes them"
            )
        return found, found.table()

    return versions.retried(once)


@contextlib.contextmanager
def publishing(out: str, day: datetime.date, command: str = COMMAND) -> Iterator[Draft]:
    """Gives a draft, which becomes the newest version of its day when the block ends well.

    A block that fails, or a kill at any moment, leaves what was there.

    Args:
        out: where days are published.
        day: the day.
        command: who publishes, for others who want to.

    Raises:
        InUseError: another command publishes there.
        OSError: it cannot be written.
    """
    with output_lock.taken(out, command):
        versions.clear(out, DAYS)
        with versions.partial(out) as partial:
            draft = Draft(day, os.path.join(partial, "version"), os.path.join(partial, "scratch"))
            os.makedirs(draft.folder)
            os.makedirs(draft.scratch)
            yield draft
            slot = os.path.join(out, f"day={day}")
            number, folder, draft.changed = versions.place(slot, draft.folder)
            draft.placed = Published(day, number, folder)


@dataclasses.dataclass
class Draft:
    """A day in the making.

    Attributes:
        day: the day.
        folder: what lies here becomes the version.
        scratch: what lies here does not.
        placed: the day once it is in place; None before.
        changed: whether it differs from what lay there before.
    """

    day: datetime.date
    folder: str
    scratch: str
    placed: Published | None = None
    changed: bool = True

    def write(
        self, parts: Iterable[pa.Table], set_aside: pa.Table, as_of: datetime.datetime
    ) -> SideTable:
        """Writes what becomes the version.

        Args:
            parts: rows of RECOMMENDATIONS, by listener and surface.
            set_aside: rows of SET_ASIDE.
            as_of: nothing that happened then or later is in the rows.
        """
        with pq.ParquetWriter(
            os.path.join(self.folder, TABLE_FILE), RECOMMENDATIONS, compression="zstd"
        ) as writer:
            writer.write_table(RECOMMENDATIONS.empty_table())
            for part in parts:
                if part.num_rows:
                    writer.write_table(part.cast(RECOMMENDATIONS))
        pq.write_table(
            set_aside.sort_by("row"), os.path.join(self.folder, SET_ASIDE_FILE), compression="zstd"
        )
        return describe_side_table(self.folder, RECOMMENDATIONS_NAME, as_of)

    @property
    def published(self) -> Published:
        """The day that it became; asked for once it is in place."""
        assert self.placed is not None
        return self.placed


def without(found: Published, listeners: Collection[str]) -> Iterator[pa.Table]:
    """The lists of a day but for those of some listeners, row group by row group."""
    wanted = pa.array(sorted(listeners), pa.string())
    with pq.ParquetFile(os.path.join(found.folder, TABLE_FILE)) as file:
        for group in range(file.num_row_groups):
            rows = conform(file.read_row_group(group), RECOMMENDATIONS)
            yield rows.filter(pc.invert(pc.is_in(rows.column("listener_id"), wanted)))

"""Partitions of feature views on disk: a folder a cut, in it a folder a version.

    FEATURES/<view>/as_of=YYYY-MM-DDTHH/version-{number}/

A version is a side table with what was checked of it. It is built beside its place and renamed
there, so it is whole or not there; of a cut's versions the highest counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import shutil
from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from listening import versions
from schema import output_lock
from schema.side_tables import TABLE_FILE, SideTable, read_description, read_side_table
from schema.tables import FEATURE_VIEWS, FeatureView, conform, feature_view

_CUT: Final = re.compile(r"as_of=(\d{4}-\d{2}-\d{2}T\d{2})")
_FORMAT: Final = "%Y-%m-%dT%H"
#: Views that another command than `segue features build` makes.
_BUILDERS: Final = {"segments": "segue segments build"}


def cut_name(as_of: datetime.datetime) -> str:
    """A cut as folders and commands spell it, such as 2017-11-14T00.

    Raises:
        ValueError: it is no whole hour of UTC.
    """
    whole = as_of.replace(minute=0, second=0, microsecond=0)
    if as_of.utcoffset() != datetime.timedelta(0) or as_of != whole:
        raise ValueError(f"as_of: {as_of.isoformat()} is not a whole hour of UTC")
    return as_of.strftime(_FORMAT)


def micros(moment: datetime.datetime) -> int:
    """A time in microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


def cut_of(name: str) -> datetime.datetime:
    """The time of a cut's name."""
    return datetime.datetime.strptime(f"{name}+0000", f"{_FORMAT}%z")


@dataclasses.dataclass(frozen=True)
class Partition:
    """A version of a view as of a time.

    Attributes:
        view: its name.
        as_of: the cut, such as 2017-11-14T00.
        version: its number.
        folder: where it lies.
    """

    view: str
    as_of: str
    version: int
    folder: str

    @property
    def time(self) -> datetime.datetime:
        """The cut."""
        return cut_of(self.as_of)

    def described(self) -> SideTable:
        """What it says of itself.

        Raises:
            FileNotFoundError: a newer version has taken its place.
        """
        return read_description(self.folder)

    def table(self) -> pa.Table:
        """Its rows, in the columns of today's contract, after a look at the fingerprint.

        Raises:
            FileNotFoundError: a newer version has taken its place.
            ValueError: the table is not the one that was described.
        """
        _, table = read_side_table(self.folder)
        return conform(table, FEATURE_VIEWS[self.view].schema)

    def blocks(self) -> Iterator[pa.Table]:
        """Its rows, one row group after the other."""
        with open(os.path.join(self.folder, TABLE_FILE), "rb") as file:
            parquet = pq.ParquetFile(file)
            for group in range(parquet.num_row_groups):
                yield conform(parquet.read_row_group(group), FEATURE_VIEWS[self.view].schema)


def partitions(root: str, view: str) -> list[Partition]:
    """The newest version of each cut, in the order of time; none where nothing was built."""
    found = []
    home = os.path.join(root, feature_view(view).name)
    for cut in sorted(versions.names(home)):
        if (named := _CUT.fullmatch(cut)) is None:
            continue
        if (kept := versions.newest(os.path.join(home, cut))) is not None:
            found.append(Partition(view, named[1], *kept))
    return found


def newest(root: str, view: str, until: datetime.datetime | None = None) -> Partition | None:
    """The partition of the latest cut, at or before a time where one is given; None without any."""
    known = [each for each in partitions(root, view) if until is None or each.time <= until]
    return known[-1] if known else None


def missing(root: str, view: str, as_of: str = "") -> ValueError:
    """Says that a view, or its partition of a cut, was not built, and what builds it."""
    when = f" as of {as_of}" if as_of else ""
    builder = _BUILDERS.get(view, "segue features build")
    return ValueError(f"{root} holds no {view}{when}: {builder} writes it")


def at(root: str, view: str, as_of: datetime.datetime) -> Partition:
    """The partition of a cut.

    Raises:
        ValueError: it was not built.
    """
    name = cut_name(as_of)
    for each in partitions(root, view):
        if each.as_of == name:
            return each
    raise missing(root, view, name)


def read(root: str, view: str, as_of: datetime.datetime) -> pa.Table:
    """The rows of a view as of a cut.

    Raises:
        ValueError: it was not built, or is not the table that was described.
    """
    return versions.retried(lambda: at(root, view, as_of).table())


@dataclasses.dataclass
class Draft:
    """A partition in the making.

    Attributes:
        view: whose it is.
        as_of: its cut.
        folder: what lies here becomes the version.
        scratch: what lies here does not.
        refused: where to leave what was found wrong; a folder that is not there yet.
        before: the version that it replaces; None where it is the first one.
        earlier: the partition of the cut before; None where there is none.
        placed: the partition once it is in place; None before.
        changed: whether it differs from the one before.
    """

    view: FeatureView
    as_of: str
    folder: str
    scratch: str
    refused: str
    before: Partition | None
    earlier: Partition | None
    placed: Partition | None = None
    changed: bool = True

    @property
    def partition(self) -> Partition:
        """The partition that it became; asked for once it is in place."""
        assert self.placed is not None
        return self.placed


@contextlib.contextmanager
def building(
    root: str, view: str, as_of: datetime.datetime, command: str = "segue features build"
) -> Iterator[Draft]:
    """Gives a draft, which becomes the newest version of its cut when the block ends well.

    Where it holds what the version before holds, byte by byte, that one stays. A block that fails,
    or a kill at any moment, leaves the version before.

    Args:
        root: the directory of features.
        view: the view's name.
        as_of: a whole hour of UTC.
        command: who builds, for others who want to.

    Raises:
        InUseError: another command builds this view there.
        ValueError: there is no such view, or `as_of` is no whole hour.
        OSError: it cannot be written.
    """
    name, home = cut_name(as_of), os.path.join(root, feature_view(view).name)
    with output_lock.taken(home, command):
        versions.clear(home, _CUT)
        known = partitions(root, view)
        with versions.partial(home) as partial:
            draft = Draft(
                view=feature_view(view),
                as_of=name,
                folder=os.path.join(partial, "version"),
                scratch=os.path.join(partial, "scratch"),
                refused=os.path.join(home, f"refused.as_of={name}"),
                before=next((each for each in known if each.as_of == name), None),
                earlier=next((each for each in reversed(known) if each.as_of < name), None),
            )
            os.makedirs(draft.folder)
            os.makedirs(draft.scratch)
            yield draft
            slot = os.path.join(home, f"as_of={name}")
            number, folder, draft.changed = versions.place(slot, draft.folder)
            draft.placed = Partition(view, name, number, folder)
            shutil.rmtree(draft.refused, ignore_errors=True)


def clear(root: str, view: str, command: str) -> None:
    """Removes what was cut short, and versions that newer ones have replaced.

    Raises:
        InUseError: another command builds this view there.
    """
    home = os.path.join(root, feature_view(view).name)
    with output_lock.taken(home, command):
        versions.clear(home, _CUT)

"""Where landed events lie.

    EVENTS/events/hour=YYYY-MM-DDTHH/p{partition}-{first}-{last}.parquet
    EVENTS/dead_letters/p{partition}-{first}-{last}.parquet
    EVENTS/manifests/p{partition}-{first}-{last}.json

`first` and `last` are offsets of the source, both included, twenty digits each, so that names sort
as numbers do. The manifest of a range is renamed into place last. A file that no manifest names is
none: whoever reads the landed events reads the manifests first.
"""

from __future__ import annotations

import dataclasses
import os
import re
from typing import Final

EVENTS_FOLDER: Final = "events"
DEAD_LETTERS_FOLDER: Final = "dead_letters"
MANIFESTS_FOLDER: Final = "manifests"
_HOUR: Final = "hour="
_RANGE: Final = re.compile(r"p(\d+)-(\d{20})-(\d{20})")


@dataclasses.dataclass(frozen=True, order=True)
class OffsetRange:
    """Offsets of one partition of the source.

    Attributes:
        partition: from 0.
        first: the first offset.
        last: the last one, which belongs to it.
    """

    partition: int
    first: int
    last: int

    @property
    def stem(self) -> str:
        """The name of a file of this range, without its suffix."""
        return f"p{self.partition}-{self.first:020d}-{self.last:020d}"

    @classmethod
    def of(cls, name: str) -> OffsetRange | None:
        """The range that a file's name tells, with its suffix or without; None for other files."""
        found = _RANGE.fullmatch(name.partition(".")[0])
        return cls(*map(int, found.groups())) if found else None


@dataclasses.dataclass(frozen=True)
class EventPlaces:
    """The places under one directory of landed events.

    Attributes:
        root: the directory, absolute or relative.
    """

    root: str

    @property
    def manifests(self) -> str:
        """The directory of manifests."""
        return os.path.join(self.root, MANIFESTS_FOLDER)

    def events(self, hour: str, covered: OffsetRange) -> str:
        """The file of those events of a range that happened in an hour, relative to the root."""
        return f"{EVENTS_FOLDER}/{_HOUR}{hour}/{covered.stem}.parquet"

    def dead_letters(self, covered: OffsetRange) -> str:
        """The file of what was refused of a range, relative to the root."""
        return f"{DEAD_LETTERS_FOLDER}/{covered.stem}.parquet"

    def manifest(self, covered: OffsetRange) -> str:
        """The manifest of a range, relative to the root."""
        return f"{MANIFESTS_FOLDER}/{covered.stem}.json"

    def path(self, relative: str) -> str:
        """The path of a file that is named relative to the root."""
        return os.path.join(self.root, *relative.split("/"))


def hour_in(path: str) -> str | None:
    """The hour that a path of landed events lies in; None for other paths."""
    for part in path.replace(os.sep, "/").split("/"):
        if part.startswith(_HOUR):
            return part.removeprefix(_HOUR)
    return None

"""The manifest of landed offsets: renamed into place last, it is what makes files count."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final

import pydantic

from schema.events.places import EventPlaces, OffsetRange

#: Goes up when a field changes its meaning or disappears.
SCHEMA_VERSION: Final = 1


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class LandedFile(_Part):
    """A Parquet file of a range."""

    path: str
    """Relative to the directory of landed events, with `/`."""
    rows: int
    """How many it has."""
    hour: str | None = None
    """Of its events, such as 2026-11-28T03; null for dead letters."""
    commit: int = 0
    """The commit that wrote it; a file that is written anew, since a listener is erased, has that
    one's."""


class Manifest(_Part):
    """What came of a range of offsets of one partition of the source.

    Every offset of the range is an event that landed, a duplicate, a dead letter, or empty.
    """

    schema_version: int = SCHEMA_VERSION
    """Of this layout."""
    partition: int
    """Of the source."""
    first: int
    """The first offset of the range."""
    last: int
    """The last one, which belongs to it."""
    events: tuple[LandedFile, ...] = ()
    """One file an hour."""
    dead_letters: LandedFile | None = None
    """What was refused; null where nothing was."""
    duplicates: int = 0
    """Messages that were left out, since an event of the same key had landed before."""
    refused: dict[str, int] = pydantic.Field(default_factory=dict)
    """Dead letters by reason."""
    removed: int = 0
    """Events and dead letters that are gone since: with their listener, or for their age."""
    commit: int = 0
    """The commit that landed the range. Commits of a directory are numbered from 1."""
    landed_at: int = 0
    """When, in microseconds since 1970."""
    newest: int | None = None
    """The latest `event_time` of its events, duplicates included; null where it had none."""

    @property
    def covered(self) -> OffsetRange:
        """The range."""
        return OffsetRange(self.partition, self.first, self.last)


def manifests(places: EventPlaces) -> Iterator[Manifest]:
    """Reads the manifests of landed events, by partition and offset.

    One whose range lies within another's is left out: that one has taken its place.

    Raises:
        ValueError: one cannot be read.
    """
    if not os.path.isdir(places.manifests):
        return
    ranges = {OffsetRange.of(name): name for name in os.listdir(places.manifests)}
    for covered in outermost(filter(None, ranges)):
        path = os.path.join(places.manifests, ranges[covered])
        with open(path, "rb") as file:
            content = file.read()
        try:
            yield Manifest.model_validate_json(content)
        except pydantic.ValidationError as error:
            raise ValueError(f"{path} is no manifest: {error.errors()[0]['msg']}") from None


def outermost(ranges: Iterable[OffsetRange]) -> Iterator[OffsetRange]:
    """Ranges that lie within no other, by partition and offset."""
    last: OffsetRange | None = None
    for each in sorted(ranges, key=lambda one: (one.partition, one.first, -one.last)):
        if last is None or each.partition != last.partition or each.last > last.last:
            yield each
            last = each

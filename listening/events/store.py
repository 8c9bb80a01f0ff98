"""A directory of landed events in the hands of the only one who writes to it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic

from listening.events.placing import PARTIAL, place, remove
from listening.events.sources import Origin, SourceError
from schema.events import (
    DEAD_LETTERS_FOLDER,
    EVENTS_FOLDER,
    SOURCE_OFFSET,
    EventPlaces,
    LandedFile,
    Manifest,
    OffsetRange,
    hour_of,
    manifests,
)

ORIGIN_FILE: Final = "source.json"
_HOUR: Final = 3_600_000_000


class Store:
    """What has landed, and how more lands.

    Whoever makes one holds the directory's lock (`schema.output_lock`). It clears away what a
    writer left that was cut short: files that no manifest names, manifests that were merged.

    Args:
        root: the directory.

    Attributes:
        places: what lies where in it.
        landed: the manifest of each range.

    Raises:
        ValueError: a manifest cannot be read.
    """

    def __init__(self, root: str) -> None:
        self.places = EventPlaces(root)
        self.landed = {manifest.covered: manifest for manifest in manifests(self.places)}
        self._commit = max(map(last_commit, self.landed.values()), default=0)
        remove(list(self._strays()))

    @property
    def commit(self) -> int:
        """The last commit's number, 0 where nothing has landed."""
        return self._commit

    def positions(self) -> dict[int, int]:
        """The next offset of each partition."""
        found: dict[int, int] = {}
        for covered in self.landed:
            found[covered.partition] = max(found.get(covered.partition, 0), covered.last + 1)
        return found

    def origin(self) -> Origin | None:
        """What the offsets belong to, None where nothing has landed.

        Raises:
            SourceError: the file that says so cannot be read.
        """
        path = self.places.path(ORIGIN_FILE)
        try:
            with open(path, "rb") as file:
                return Origin.model_validate_json(file.read())
        except FileNotFoundError:
            return None
        except pydantic.ValidationError:
            raise SourceError(f"{path} does not say where the events came from") from None

    def keep_origin(self, origin: Origin) -> None:
        """Says what the offsets belong to, before something lands of them."""
        place(self.places.path(ORIGIN_FILE), origin.model_dump_json(indent=1).encode())

    def land(
        self,
        covered: OffsetRange,
        events: pa.Table,
        dead_letters: pa.Table,
        *,
        duplicates: int,
        refused: dict[str, int],
        newest: int | None,
        now: int,
    ) -> Manifest:
        """Lands a range: its files, then the manifest that makes them count.

        Args:
            covered: the offsets.
            events: those that are no copies.
            dead_letters: what was refused.
            duplicates: how many copies were left out.
            refused: dead letters by reason.
            newest: the latest time of an event, copies included.
            now: the time.

        Raises:
            OSError: it cannot be written; what no manifest names has not landed.
        """
        commit = self._commit + 1
        files: list[LandedFile] = []
        for hour, table in by_hour(events):
            path = self.places.events(hour, covered)
            files.append(LandedFile(path=path, rows=table.num_rows, hour=hour, commit=commit))
            place(self.places.path(path), parquet(table))
        dead = None
        if dead_letters.num_rows:
            path = self.places.dead_letters(covered)
            dead = LandedFile(path=path, rows=dead_letters.num_rows, commit=commit)
            place(self.places.path(path), parquet(dead_letters))
        manifest = Manifest(
            partition=covered.partition,
            first=covered.first,
            last=covered.last,
            events=tuple(files),
            dead_letters=dead,
            duplicates=duplicates,
            refused=refused,
            commit=commit,
            landed_at=now,
            newest=newest,
        )
        self.keep(manifest)
        return manifest

    def keep(self, manifest: Manifest) -> None:
        """Puts a manifest in place, which replaces an earlier one of its range."""
        path = self.places.path(self.places.manifest(manifest.covered))
        place(path, manifest.model_dump_json().encode())
        self.landed[manifest.covered] = manifest
        self._commit = max(self._commit, last_commit(manifest))

    def merge(self, parts: Sequence[Manifest]) -> None:
        """Puts one manifest in the place of some that follow each other and name no files.

        A kill between its renaming and their removal leaves both, and the one counts.
        """
        refused: Counter[str] = Counter()
        for part in parts:
            refused.update(part.refused)
        times = [part.newest for part in parts if part.newest is not None]
        self.keep(
            Manifest(
                partition=parts[0].partition,
                first=parts[0].first,
                last=parts[-1].last,
                duplicates=sum(part.duplicates for part in parts),
                refused=dict(sorted(refused.items())),
                removed=sum(part.removed for part in parts),
                commit=max(part.commit for part in parts),
                landed_at=max(part.landed_at for part in parts),
                newest=max(times, default=None),
            )
        )
        for part in parts:
            del self.landed[part.covered]
        remove(self.places.path(self.places.manifest(part.covered)) for part in parts)

    def _strays(self) -> Iterator[str]:
        """Files that no manifest names, and those that are not whole."""
        named = {
            os.path.normpath(self.places.path(file.path))
            for manifest in self.landed.values()
            for file in files_of(manifest)
        }
        data = [self.places.path(top) for top in (EVENTS_FOLDER, DEAD_LETTERS_FOLDER)]
        for top in (*data, self.places.manifests, self.places.root):
            for folder, folders, names in os.walk(top):
                if top == self.places.root:
                    folders.clear()
                for name in names:
                    path = os.path.normpath(os.path.join(folder, name))
                    if name.startswith(PARTIAL) or (top in data and path not in named):
                        yield path
                    elif top == self.places.manifests:
                        covered = OffsetRange.of(name)
                        if covered is not None and covered not in self.landed:
                            yield path


def files_of(manifest: Manifest) -> tuple[LandedFile, ...]:
    """The Parquet files that a manifest names."""
    dead = manifest.dead_letters
    return manifest.events if dead is None else (*manifest.events, dead)


def last_commit(manifest: Manifest) -> int:
    """The last commit that a manifest tells of."""
    return max(manifest.commit, *(file.commit for file in files_of(manifest)), 0)


def by_hour(events: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The events of each hour, in the order of their offsets."""
    hours = np.asarray(events.column("event_time").cast(pa.int64())) // _HOUR
    order = np.lexsort((np.asarray(events.column(SOURCE_OFFSET)), hours))
    sorted_events, rising = events.take(pa.array(order)).combine_chunks(), hours[order]
    starts = np.flatnonzero(np.r_[True, rising[1:] != rising[:-1]])[: len(rising)]
    for start, end in zip(starts, [*starts[1:], len(rising)], strict=False):
        yield hour_of(int(rising[start]) * _HOUR), sorted_events.slice(start, end - start)


def parquet(table: pa.Table) -> memoryview:
    """A table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return memoryview(sink.getvalue())

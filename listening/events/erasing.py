"""Landed events leave: with their listener, or when they are old enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from listening import tables
from listening.events.placing import place, remove
from listening.events.reading import LandedHour
from listening.events.store import Store, files_of, parquet
from schema import output_lock
from schema.events import LISTENER_FIELDS, LandedFile, Manifest

_DAY: Final = 86_400_000_000
#: How JSON may spell a digit or a letter of a pseudonym.
_ESCAPED: Final = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes listeners from landed events, and from the messages of dead letters.

    As of `listening.erasure.Eraser`; kinds: `events`, `dead_letters`, `files` written anew. Rows go
    that name a listener in any column. Files are written anew under other names, then the manifest
    of their range names these in place of the old ones, then those go. Hours get a new version,
    since what was counted of them counts no more. Hashes of their idempotency keys stay until the
    horizon has passed, so that a copy that comes later does not land.
    """
    removed = {"events": 0, "dead_letters": 0, "files": 0}
    with output_lock.taken(root, "segue events erase"):
        store = Store(root)
        for manifest in list(store.landed.values()):
            _erase(store, manifest, listeners, removed)
    return removed


def retain(root: str, days: float, now: int) -> dict[str, int]:
    """Removes hours of events, and dead letters, that are older than so many days.

    Manifests that follow each other and name no file any more become one.

    Args:
        root: the directory of landed events.
        days: how old an hour's end may be, or the landing of a dead letter.
        now: the time, in microseconds since 1970.

    Returns:
        How many `events`, `dead_letters` and `files` were removed.

    Raises:
        InUseError: another command writes to the directory.
        OSError: it cannot be written to.
    """
    removed = {"events": 0, "dead_letters": 0, "files": 0}
    oldest = now - int(days * _DAY)
    with output_lock.taken(root, "segue events retain"):
        store = Store(root)
        for manifest in list(store.landed.values()):
            kept = tuple(file for file in manifest.events if _end(file) > oldest)
            dead = manifest.dead_letters if manifest.landed_at > oldest else None
            gone = set(files_of(manifest)) - {*kept, dead}
            if not gone:
                continue
            rows = sum(file.rows for file in gone)
            store.keep(
                manifest.model_copy(
                    update={
                        "events": kept,
                        "dead_letters": dead,
                        "removed": manifest.removed + rows,
                    }
                )
            )
            remove(store.places.path(file.path) for file in gone)
            removed["files"] += len(gone)
            for file in gone:
                removed["events" if file.hour else "dead_letters"] += file.rows
        for empty in list(_emptied(store)):
            store.merge(empty)
    return removed


def _emptied(store: Store) -> Iterator[list[Manifest]]:
    """Manifests without files that follow each other, two or more."""
    found: list[Manifest] = []
    for covered in sorted(store.landed):
        manifest = store.landed[covered]
        follows = found and (manifest.partition, manifest.first) == (
            found[-1].partition,
            found[-1].last + 1,
        )
        if files_of(manifest) or not follows:
            if len(found) > 1:
                yield found
            found = []
        if not files_of(manifest):
            found.append(manifest)
    if len(found) > 1:
        yield found


def _end(file: LandedFile) -> int:
    return LandedHour(str(file.hour), 0, 0, ()).end


def _erase(
    store: Store, manifest: Manifest, listeners: Collection[str], removed: dict[str, int]
) -> None:
    commit = store.commit + 1
    fresh: dict[LandedFile, LandedFile] = {}
    for file in files_of(manifest):
        kept = _rewritten(store, file, commit, _kept_events if file.hour else _kept_dead, listeners)
        if kept is not None:
            fresh[file] = kept
            removed["events" if file.hour else "dead_letters"] += file.rows - kept.rows
    if not fresh:
        return
    rows = sum(old.rows - new.rows for old, new in fresh.items())
    dead = manifest.dead_letters
    store.keep(
        manifest.model_copy(
            update={
                "events": tuple(fresh.get(file, file) for file in manifest.events),
                "dead_letters": fresh.get(dead, dead) if dead else None,
                "removed": manifest.removed + rows,
            }
        )
    )
    remove(store.places.path(file.path) for file in fresh)
    removed["files"] += len(fresh)


def _rewritten(
    store: Store,
    file: LandedFile,
    commit: int,
    kept: Callable[[pa.Table, Collection[str]], pa.Table],
    listeners: Collection[str],
) -> LandedFile | None:
    """Writes a file anew without listeners; None where it names none of them."""
    path = store.places.path(file.path)
    columns = list(LISTENER_FIELDS) if file.hour else ["message"]
    there = set(pq.read_schema(path).names)
    named = pq.read_table(path, columns=[name for name in columns if name in there])
    if kept(named, listeners).num_rows == file.rows:
        return None
    table = kept(pq.read_table(path), listeners)
    stem = file.path.removesuffix(".parquet").partition(".")[0]
    fresh = LandedFile(
        path=f"{stem}.{commit}.parquet", rows=table.num_rows, hour=file.hour, commit=commit
    )
    place(store.places.path(fresh.path), parquet(table))
    return fresh


def _kept_events(table: pa.Table, listeners: Collection[str]) -> pa.Table:
    return tables.without(table, listeners)


def _kept_dead(table: pa.Table, listeners: Collection[str]) -> pa.Table:
    wanted = [listener.encode() for listener in listeners]
    apart = [
        not any(listener in message for listener in wanted)
        for message in map(_spelled_out, table.column("message").to_pylist())
    ]
    return table.filter(pa.array(apart, pa.bool_()))


def _spelled_out(message: bytes) -> bytes:
    """A message in lower case, without escapes, and without every other byte of UTF-16."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), message)
    return plain.replace(b"\0", b"").lower()

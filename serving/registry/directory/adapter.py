"""A registry in a local directory.

Each model has a folder with one record of all, a lock, and a folder of copies for each version.
A change is written ahead: first copies, which nothing names yet, then the record by one rename.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Final

from schema import locks
from schema.documents import METRICS_FILE
from schema.layout import PAGE_FILE
from schema.registry import ALIASES, Alias, Move, RegisteredVersion, Registration
from serving.registry.directory import record as records
from serving.registry.directory.copies import copy_file
from serving.registry.directory.record import Record
from serving.registry.port import (
    Action,
    AliasMovedError,
    Registry,
    RegistryError,
    RegistryUnavailableError,
    check_same,
    gives,
    who,
)
from serving.release import lock_path, now

_COPIES: Final = (("metrics_file", METRICS_FILE), ("page", PAGE_FILE))


class DirectoryRegistry(Registry):
    """See `serving.registry.Registry`; made by the first registration.

    Args:
        uri: the directory.
        model: the registered model.
        timeout: seconds to wait for another process that changes something.
    """

    def __init__(self, uri: str, model: str, timeout: float) -> None:
        super().__init__(uri, model)
        # It must mean the same when the working directory changes, and in what it writes.
        self.folder = pathlib.Path(os.path.abspath(os.path.expanduser(uri)), model)
        self._timeout = timeout

    def register(
        self, registration: Registration, *, alias: Alias | None = None
    ) -> RegisteredVersion:
        """See `Registry.register`."""
        if registration.model != self.model:
            raise RegistryError(f"{registration.model} is registered elsewhere than {self.model}")
        number = registration.serving_version
        with self._turn("registry register") as record:
            known = record.version(number)
            if known is None:
                added = self._kept(registration)
                record.versions.append(added)
            else:
                check_same(known, registration)
            champion = record.alias("champion")
            moves = alias is not None and gives(record.moves, alias, number, champion)
            if alias is not None and moves:
                record.moves.append(self._made(record, alias, number, "register", ""))
            if known is None or moves:
                records.write(self.folder, record)
        return self._whole(record)[number]

    def versions(self) -> Sequence[RegisteredVersion]:
        """See `Registry.versions`."""
        found = self._whole(self._read())
        return [found[number] for number in sorted(found)]

    def current(self, alias: Alias) -> RegisteredVersion | None:
        """See `Registry.current`."""
        record = self._read()
        number = record.alias(alias)
        return None if number is None else self._whole(record).get(number)

    def history(self) -> Sequence[Move]:
        """See `Registry.history`."""
        return self._read().moves

    def read(self, copy: str) -> bytes:
        """See `Registry.read`."""
        try:
            return pathlib.Path(copy).read_bytes()
        except OSError as error:
            raise self._unavailable(error) from error

    def _move(
        self, alias: Alias, version: int, expected: int | None, action: Action, reason: str
    ) -> Move:
        with self._turn(f"registry {action}") as record:
            found = record.alias(alias)
            if found != expected:
                raise AliasMovedError(alias, expected, found)
            if record.version(version) is None:
                raise self._unknown(version)
            if found == version:
                return next(move for move in reversed(record.moves) if move.alias == alias)
            move = self._made(record, alias, version, action, reason)
            record.moves.append(move)
            records.write(self.folder, record)
        return move

    def _made(
        self, record: Record, alias: Alias, version: int, action: Action, reason: str
    ) -> Move:
        return Move(
            alias=alias,
            former=record.alias(alias),
            version=version,
            at=now(),
            by=who(),
            action=action,
            reason=reason,
        )

    def _kept(self, registration: Registration) -> RegisteredVersion:
        """A version with copies of its files, which a later run would write over elsewhere."""
        fields = registration.model_dump()
        number = registration.serving_version
        for field, name in _COPIES:
            if fields[field]:
                kept = os.path.join(str(number), name)
                copy_file(fields[field], self.folder / kept)
                fields[field] = kept  # within the folder, which may be moved
        return RegisteredVersion(**fields, number=number, registered_at=now(), registered_by=who())

    def _whole(self, record: Record) -> dict[int, RegisteredVersion]:
        """Versions with what the record leaves out: their aliases, and where the folder is."""
        on = {alias: record.alias(alias) for alias in ALIASES}
        found = {}
        for each in record.versions:
            number = each.serving_version
            changes: dict[str, object] = {
                field: os.path.join(self.folder, getattr(each, field))
                for field, _ in _COPIES
                if getattr(each, field)
            }
            changes["aliases"] = sorted(alias for alias, version in on.items() if version == number)
            found[number] = each.model_copy(update=changes)
        return found

    @contextlib.contextmanager
    def _turn(self, command: str) -> Iterator[Record]:
        """The record, while no other process changes it."""
        try:
            lock = lock_path(records.path_in(self.folder))
            with locks.held(lock, command, wait_seconds=self._timeout):
                records.tidy(self.folder)
                yield self._read()
        except OSError as error:
            raise self._unavailable(error) from error

    def _read(self) -> Record:
        try:
            return records.read(self.folder, self.model)
        except (OSError, ValueError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> RegistryUnavailableError:
        name, why = getattr(error, "filename", None), getattr(error, "strerror", None)
        return RegistryUnavailableError(f"{name}: {why}" if name and why else str(error))


def open_registry(uri: str, model: str, timeout: float) -> Registry:
    """Opens it; see `serving.registry.open_registry`."""
    return DirectoryRegistry(uri, model, timeout)

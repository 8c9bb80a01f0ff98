"""Landed hours are announced: to whoever computes something of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from listening.events.placing import place
from listening.events.reading import LandedHour, of_manifests
from listening.events.sources import Source
from listening.events.store import Store
from schema.events import EventPlaces, Manifest

ANNOUNCED_FILE: Final = "announced.json"
_LATENESS: Final = 600_000_000  # ten minutes, as much as clocks may be ahead


class Announcer:
    """Announces an hour when it is over, and again when late events changed it.

    An announcement that a kill cut short is sent again at the next start, so a reader may see a
    version of an hour twice, and never misses one.

    Args:
        root: the directory of landed events.
        send: sends announcements, and returns when they have arrived.
    """

    def __init__(self, root: str, send: Callable[[Sequence[tuple[str, bytes]]], None]) -> None:
        self._root = root
        self._path = EventPlaces(root).path(ANNOUNCED_FILE)
        self._send = send
        self._announced: dict[str, int] | None = None
        self._changed = True

    def looked(self, source: Source, store: Store) -> None:
        """Nothing is announced for that."""

    def landed(self, manifest: Manifest) -> None:
        """Something changed."""
        self._changed = True

    def flushed(self, source: Source, store: Store, *, ended: bool) -> None:
        """Announces what is due: hours that are over, at the end of the source all of them."""
        if not self._changed:
            return
        if self._announced is None:
            self._announced = self._read()
        found = of_manifests(store.places, store.landed.values())
        hours = list(found.hours.values()) if ended else found.closed(_LATENESS)
        due = [hour for hour in hours if hour.version > self._announced.get(hour.hour, 0)]
        if due:
            self._send([(hour.hour, self._message(hour)) for hour in due])
            self._announced.update({hour.hour: hour.version for hour in due})
            place(self._path, json.dumps(self._announced, indent=1).encode())
        self._changed = False

    def _message(self, hour: LandedHour) -> bytes:
        said: dict[str, Any] = {
            "schema_version": 1,
            "hour": hour.hour,
            "version": hour.version,
            "rows": hour.rows,
            "out": self._root,
        }
        return json.dumps(said).encode()

    def _read(self) -> dict[str, int]:
        try:
            with open(self._path, "rb") as file:
                return {str(hour): int(version) for hour, version in json.load(file).items()}
        except FileNotFoundError:
            return {}

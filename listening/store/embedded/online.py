"""What is served: the newest row of each key, in a file of SQLite.

A row is kept as JSON, in which an instant is a number of microseconds. A change is one
transaction, so a reader sees all of it or nothing, and so does whoever comes after a kill.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from listening.store.port import EVENT_TIME, OlderSpaceError, Pushed
from listening.store.views import plain, served, space_of
from schema.tables import FEATURE_VIEWS, FeatureView

_FILE: Final = "online.sqlite"
_WAIT_SECONDS: Final = 30.0
_KEYS_AT_ONCE: Final = 500
_BLOCK: Final = 10_000
_NEWER: Final = (
    "VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET time = excluded.time, "
    "space = excluded.space, row = excluded.row WHERE excluded.time >= time"
)


class Online:
    """The file. Processes may read it while one writes."""

    def __init__(self, root: str) -> None:
        """Opens the file, and makes it where it is missing."""
        os.makedirs(root, exist_ok=True)
        self._known = sqlite3.connect(
            os.path.join(root, _FILE), timeout=_WAIT_SECONDS, isolation_level=None
        )
        self._known.execute("PRAGMA journal_mode=WAL")
        self._known.execute("PRAGMA secure_delete=ON")  # what is erased leaves no bytes
        for view in FEATURE_VIEWS:
            self._known.execute(
                f"CREATE TABLE IF NOT EXISTS {view} (key TEXT PRIMARY KEY, time INTEGER NOT NULL, "
                "space TEXT NOT NULL, row BLOB NOT NULL) WITHOUT ROWID"
            )

    def write(self, view: FeatureView, rows: pa.Table, *, replace_space: bool) -> Pushed:
        """Serves rows, one a key, where they are newer than what is served.

        Args:
            view: whose they are.
            rows: with `event_timestamp`, of one space.
            replace_space: whether older vectors of another space make room; otherwise they stay,
                and the rows are refused.

        Raises:
            OlderSpaceError: vectors of another space are served, and stay.
        """
        space, taken = space_of(view, rows), 0
        with self._transaction():
            if rows.num_rows:
                self._make_room(view, rows, space, replace_space)
            statement = f"INSERT INTO {view.name} {_NEWER}"
            for start in range(0, rows.num_rows, _BLOCK):
                block = _encoded(view, rows.slice(start, _BLOCK), space)
                taken += self._known.executemany(statement, block).rowcount
        return Pushed(taken, rows.num_rows - taken)

    def read(self, view: FeatureView, keys: Sequence[str]) -> pa.Table:
        """As of `FeatureStore`."""
        found: dict[str, bytes] = {}
        wanted = sorted(set(keys))
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT key, row FROM {view.name} WHERE key IN ({marks})"  # noqa: S608 - marks
            found.update(self._known.execute(query, some))
        rows = [orjson.loads(found[key]) if key in found else {view.key: key} for key in keys]
        return pa.Table.from_pylist(rows, served(view))

    def erase(self, listeners: Collection[str]) -> int:
        """Removes rows of listeners, and rows whose lists name them; says how many."""
        gone = sorted(listeners)
        removed = 0
        with self._transaction():
            for view in FEATURE_VIEWS.values():
                if view.key in view.listeners:
                    delete = f"DELETE FROM {view.name} WHERE key = ?"  # noqa: S608 - our own name
                    removed += self._known.executemany(delete, [(one,) for one in gone]).rowcount
                if set(view.listeners) - {view.key}:
                    delete = f"DELETE FROM {view.name} WHERE instr(row, ?) > 0"  # noqa: S608
                    removed += self._known.executemany(
                        delete, [(one.encode(),) for one in gone]
                    ).rowcount
        self._known.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def close(self) -> None:
        """Gives the file back."""
        self._known.close()

    def _make_room(
        self, view: FeatureView, rows: pa.Table, space: str, replace_space: bool
    ) -> None:
        query = f"SELECT space, max(time) FROM {view.name} WHERE space != ? GROUP BY space"  # noqa: S608
        for other, newest in self._known.execute(query, (space,)).fetchall():
            oldest = pc.min(rows.column(EVENT_TIME).cast(pa.int64())).as_py()
            if not replace_space or newest > oldest:
                raise OlderSpaceError(
                    f"{view.name}: vectors of {other} are served, and cannot be compared with "
                    f"those of {space}: materialise a newer partition"
                )
            self._known.execute(f"DELETE FROM {view.name} WHERE space = ?", (other,))  # noqa: S608

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._known.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._known.execute("ROLLBACK")
            raise
        self._known.execute("COMMIT")


def _encoded(
    view: FeatureView, rows: pa.Table, space: str
) -> Iterator[tuple[str, int, str, bytes]]:
    numbers = pa.table([plain(column) for column in rows.columns], names=rows.schema.names)
    for row in numbers.to_pylist():
        yield row[view.key], row[EVENT_TIME], space, orjson.dumps(row)

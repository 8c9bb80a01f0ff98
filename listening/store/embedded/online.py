"""What is served: the newest row of each key, in a file of SQLite.

A row is kept as JSON, in which an instant is a number of microseconds. Beside the rows is a table
of pushes, whose files joins read. A change is one transaction, so a reader sees all of it or
nothing, and so does whoever comes after a kill.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from listening.store.embedded.pushed import PushedRows, pushed_home
from listening.store.port import EVENT_TIME, Pushed
from listening.store.views import another_space, plain, served, space_of
from schema.tables import FEATURE_VIEWS, FeatureView

_FILE: Final = "online.sqlite"
_WAIT_SECONDS: Final = 30.0
_KEYS_AT_ONCE: Final = 500
_BLOCK: Final = 10_000
_NEWER: Final = (
    "(key, time, space, row, pushed) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
    "time = excluded.time, space = excluded.space, row = excluded.row, pushed = excluded.pushed "
    # Of one time the later one counts, but for a partition's, which leaves a pushed one.
    "WHERE (excluded.time, excluded.pushed) >= (time, pushed)"
)
#: Counted up where the tables change: 1 has the table of pushes.
_VERSION: Final = 1
_PUSHES: Final = (
    "CREATE TABLE IF NOT EXISTS pushes (view TEXT NOT NULL, file TEXT NOT NULL, "
    "number INTEGER NOT NULL, PRIMARY KEY (view, file)) WITHOUT ROWID"
)
_PUSH: Final = (
    "INSERT INTO pushes VALUES (?, ?, ?) ON CONFLICT (view, file) DO UPDATE SET "
    "number = max(number, excluded.number)"
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
        if self._version() < _VERSION:
            with self._transaction():
                self._upgrade(root)
        for view in FEATURE_VIEWS:
            self._known.execute(
                f"CREATE TABLE IF NOT EXISTS {view} (key TEXT PRIMARY KEY, time INTEGER NOT NULL, "
                "space TEXT NOT NULL, row BLOB NOT NULL, pushed INTEGER NOT NULL DEFAULT 0) "
                "WITHOUT ROWID"
            )

    def write(
        self, view: FeatureView, rows: pa.Table, *, replace_space: bool, file: str | None = None
    ) -> Pushed:
        """Serves rows, one a key, where they are newer than what is served.

        Args:
            view: whose they are.
            rows: with `event_timestamp`, of one space.
            replace_space: whether older vectors of another space make room; otherwise they stay,
                and the rows are refused.
            file: of the push that they are from, which joins read from now on; None where they are
                a partition's.

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
                marked = ((*row, file is not None) for row in block)
                taken += self._known.executemany(statement, marked).rowcount
            if file is not None:
                query = "SELECT coalesce(max(number), 0) + 1 FROM pushes"
                (number,) = self._known.execute(query).fetchone()
                self._known.execute(_PUSH, (view.name, file, number))
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

    def row(self, view: FeatureView, key: str) -> dict[str, Any] | None:
        """As of `FeatureStore`."""
        query = f"SELECT row FROM {view.name} WHERE key = ?"  # noqa: S608 - our own name
        kept = self._known.execute(query, (key,)).fetchone()
        if kept is None:
            return None
        # As `read`: a column that a row is too old for is null, one that is gone is not there.
        known = orjson.loads(kept[0])
        return {name: known.get(name) for name in (*view.schema.names, EVENT_TIME)}

    def pushes(self, view: FeatureView) -> list[str]:
        """The files of pushes that count, in the order of the pushes."""
        query = "SELECT file FROM pushes WHERE view = ? ORDER BY number, file"
        return [file for (file,) in self._known.execute(query, (view.name,))]

    def erase(
        self, listeners: Collection[str], instead: Mapping[str, Mapping[str, str | None]]
    ) -> int:
        """Removes rows of listeners, and rows whose lists name them; says how many.

        Args:
            listeners: who leaves.
            instead: by view and file of a push the file that takes its place; None for none.
        """
        gone = sorted(listeners)
        removed = 0
        with self._transaction():
            self._replace(instead)
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

    def _version(self) -> int:
        (version,) = self._known.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _upgrade(self, root: str) -> None:
        """Makes the table of pushes; where a store had none, all files of pushes count."""
        if self._version() == _VERSION:  # by another process, meanwhile
            return
        self._known.execute(_PUSHES)
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in self._known.execute(query)}
        pushed = PushedRows(pushed_home(root))
        for view in FEATURE_VIEWS.values():
            if view.name in tables:
                self._known.execute(
                    f"ALTER TABLE {view.name} ADD COLUMN pushed INTEGER NOT NULL DEFAULT 0"
                )
                kept = [(view.name, name, 0) for name in pushed.names(view)]
                self._known.executemany(_PUSH, kept)
        self._known.execute(f"PRAGMA user_version = {_VERSION}")

    def _replace(self, instead: Mapping[str, Mapping[str, str | None]]) -> None:
        """Puts files in the place of others, with their numbers."""
        for view, files in instead.items():
            for old, new in files.items():
                where = "FROM pushes WHERE view = ? AND file = ?"
                query = f"SELECT number {where}"
                (number,) = self._known.execute(query, (view, old)).fetchone()
                self._known.execute(f"DELETE {where}", (view, old))
                if new is not None:
                    self._known.execute(_PUSH, (view, new, number))

    def _make_room(
        self, view: FeatureView, rows: pa.Table, space: str, replace_space: bool
    ) -> None:
        query = f"SELECT space, max(time) FROM {view.name} WHERE space != ? GROUP BY space"  # noqa: S608
        for other, newest in self._known.execute(query, (space,)).fetchall():
            oldest = pc.min(rows.column(EVENT_TIME).cast(pa.int64())).as_py()
            if not replace_space or newest > oldest:
                raise another_space(view, other, space)
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

"""Tracks to search by title and artist: SQLite's full-text index in a temporary file."""

from __future__ import annotations

import pathlib
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterable

from demo.backend import Track
from serving.protocol import ConfigError

_MAX_WORDS = 8
_WORD = re.compile(r"\w+")

# Accents do not matter; words are found by how they begin. The names are kept once, in `tracks`.
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE tracks (id INTEGER PRIMARY KEY, uri TEXT UNIQUE, title TEXT, artist TEXT);
CREATE VIRTUAL TABLE names USING fts5 (
    title, artist, content = 'tracks', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3');
"""


class Catalogue:
    """Tracks in the order in which they were added, which the answers keep: put popular ones first.

    Memory stays small however many there are, since the index is on disk. Safe between threads.

    Raises:
        ConfigError: this Python's SQLite cannot search texts.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="segue-demo-")
        self._connection = sqlite3.connect(
            pathlib.Path(self._folder.name, "catalogue.db"), check_same_thread=False
        )
        try:
            self._connection.executescript(_TABLES)
        except sqlite3.OperationalError as error:
            raise ConfigError(f"this Python's SQLite has no full-text search: {error}") from error
        self._lock = threading.Lock()
        self._size = 0
        self._closed = False
        #: Whether it is being filled, and whether every track of the model is in it; set by who
        #: fills it.
        self.filling = False
        self.complete = False

    def __len__(self) -> int:
        return self._size

    def add(self, tracks: Iterable[Track]) -> None:
        """Adds tracks that have a title or an artist; those that are there stay as they are."""
        with self._lock:
            if self._closed:
                return
            with self._connection:
                for track in tracks:
                    if track.title or track.artist:
                        self._add(track)

    def search(self, text: str, limit: int) -> list[Track]:
        """Tracks whose title and artist together hold a word that begins as each of the text's.

        Args:
            text: what a user typed; only its letters and digits count.
            limit: how many tracks to return at most.

        Returns:
            Tracks in the order in which they were added; none for a text without a word.
        """
        words = _WORD.findall(text)[:_MAX_WORDS]
        if not words:
            return []
        wanted = " ".join(f'"{word}"*' for word in words)
        with self._lock:
            if self._closed:
                return []
            rows = self._connection.execute(
                "SELECT uri, tracks.title, tracks.artist FROM names JOIN tracks ON id = names.rowid"
                " WHERE names MATCH ? ORDER BY names.rowid LIMIT ?",
                (wanted, limit),
            ).fetchall()
        return [Track(*row) for row in rows]

    def close(self) -> None:
        """Removes the index."""
        with self._lock:
            self._closed = True
            self._connection.close()
            self._folder.cleanup()

    def _add(self, track: Track) -> None:
        names = (track.title, track.artist)
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO tracks (uri, title, artist) VALUES (?, ?, ?)",
            (track.uri, *names),
        )
        if cursor.rowcount:
            self._connection.execute(
                "INSERT INTO names (rowid, title, artist) VALUES (?, ?, ?)",
                (cursor.lastrowid, *names),
            )
            self._size += 1

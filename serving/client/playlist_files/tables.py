"""Tables of tracks: CSV as Exportify and other exporters write it, with commas or otherwise."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

from schema import track_uris
from serving.client.playlist_files.content import Content
from serving.client.playlist_files.playlists import Draft

_DELIMITERS: Final = ",;\t|"
_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n")  # Excel's own first line
# Columns of bare IDs say in their head whose they are, and there are IDs of other things.
_TRACK_ID: Final = re.compile(r"(spotify|track)?[\W_]*(track|spotify)?[\W_]*id", re.IGNORECASE)
_PLAYLIST: Final = re.compile(r"playlist([\W_]*(name|title))?", re.IGNORECASE)


def read(content: Content) -> list[Draft] | None:
    """The playlist of a table, or the playlists that a column "Playlist name" separates.

    The column of tracks is the one that holds most of them, whatever its head says. None where the
    text is no table with such a column.
    """
    if content.is_json:
        return None
    rows = _rows(content.text)
    if not rows or len(rows[0]) < 2:
        return None
    # A first line that names a track is no head.
    headed = not any(map(track_uris.copied_tracks, rows[0]))
    head, body = (rows[0], rows[1:]) if headed else ([], rows)
    column = _track_column(head, body)
    if column is None:
        return None
    of = next((at for at, cell in enumerate(head) if _PLAYLIST.fullmatch(cell.strip())), None)
    playlists: dict[str, list[str]] = {}
    for row in body:
        name = row[of].strip() if of is not None and of < len(row) else ""
        playlists.setdefault(name, []).append(row[column] if column < len(row) else "")
    return [
        Draft(name, [text if text.strip() else None for text in found])
        for name, found in playlists.items()
    ]


def _rows(text: str) -> list[list[str]]:
    separator = _SEPARATOR.match(text)
    if separator:
        text = text[separator.end() :]
    first = text.lstrip().partition("\n")[0]
    delimiter = separator.group(1) if separator else max(_DELIMITERS, key=first.count)
    try:
        rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
        return [row for row in rows if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


def _track_column(head: Sequence[str], body: Sequence[Sequence[str]]) -> int | None:
    """The column that names most tracks by URI or link, or else by ID under a head that says so."""
    width = max(map(len, body), default=0)
    for bare in (False, True):
        counts = []
        for at in range(width):
            cells = [row[at].strip() for row in body if at < len(row)]
            if bare:
                told = at < len(head) and _TRACK_ID.fullmatch(head[at].strip())
                counts.append(sum(map(_is_track, cells)) if told else 0)
            else:
                counts.append(sum(bool(track_uris.copied_tracks(cell)) for cell in cells))
        if any(counts):
            return counts.index(max(counts))
    return None


def _is_track(cell: str) -> bool:
    return track_uris.is_track_uri(track_uris.canonical(cell))

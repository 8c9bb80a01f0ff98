"""The Million Playlist Dataset's format: a slice, a challenge set, or one of its playlists."""

from __future__ import annotations

from typing import Any

from serving.client.playlist_files.content import Content
from serving.client.playlist_files.playlists import Draft


def read(content: Content) -> list[Draft] | None:
    """The playlists of `{"playlists": [...]}`, of a list of playlists, or of one."""
    document = content.json
    if isinstance(document, dict) and "playlists" in document:
        entries = document["playlists"]
        return [_draft(entry) for entry in entries] if isinstance(entries, list) else None
    if _is_playlist(document):
        return [_draft(document)]
    if isinstance(document, list) and any(map(_is_playlist, document)):
        return [_draft(entry) for entry in document]
    return None


def _is_playlist(entry: Any) -> bool:
    if not isinstance(entry, dict) or "items" in entry:
        return False
    # An object that has a URI beside its name is a track.
    named = "name" in entry and not any("uri" in key.lower() for key in entry)
    return isinstance(entry["tracks"], list) if "tracks" in entry else named


def _draft(entry: Any) -> Draft:
    return Draft.of(entry, "tracks", "pid")

"""What Spotify sends who asks for the data of an account: `Playlist1.json`, `YourLibrary.json`."""

from __future__ import annotations

from typing import Any

from serving.client.playlist_files.content import Content
from serving.client.playlist_files.playlists import Draft

# What a library holds beside its tracks.
_LIBRARY = {"albums", "artists", "shows", "episodes", "bannedTracks"}


def read(content: Content) -> list[Draft] | None:
    """The playlists of `Playlist1.json`, or the tracks of `YourLibrary.json` as one."""
    document = content.json
    if not isinstance(document, dict):
        return None
    playlists = document.get("playlists")
    if isinstance(playlists, list) and any(map(_is_playlist, playlists)):
        return [Draft.of(entry, "items") for entry in playlists]
    if isinstance(document.get("tracks"), list) and _LIBRARY & document.keys():
        return [Draft(entries=document["tracks"])]
    return None


def _is_playlist(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("items"), list)

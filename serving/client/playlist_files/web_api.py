"""Answers of Spotify's Web API: a playlist or an album, or a page of tracks."""

from __future__ import annotations

from typing import Any

from serving.client.playlist_files.content import Content
from serving.client.playlist_files.playlists import Draft


def read(content: Content) -> list[Draft] | None:
    """The playlist, the playlists of a list of them, or a page's tracks as one."""
    document = content.json
    if isinstance(document, list) and document and all(map(_page, document)):
        return [_draft(entry) for entry in document]
    return [_draft(document)] if _page(document) else None


def _page(entry: Any) -> dict[str, Any] | None:
    """The page of tracks in an answer, or the answer itself where it is one."""
    if not isinstance(entry, dict):
        return None
    for found in (entry.get("tracks"), entry.get("items"), entry):
        if isinstance(found, dict) and isinstance(found.get("items"), list):
            return found
    return None


def _draft(entry: dict[str, Any]) -> Draft:
    page = _page(entry) or {}
    items, total = page["items"], page.get("total")
    more = isinstance(total, int) and total > len(items)
    return Draft(entry.get("name"), items, total=total if more else None)

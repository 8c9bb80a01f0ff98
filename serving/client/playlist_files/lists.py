"""Lists of URIs or links: JSON, or text with a track a line, as Spotify's clients copy them."""

from __future__ import annotations

from schema import track_uris
from serving.client.playlist_files.content import Content
from serving.client.playlist_files.playlists import Draft


def read_json(content: Content) -> list[Draft] | None:
    """The one playlist of a list of URIs, links, or objects that hold them."""
    return [Draft(entries=content.json)] if isinstance(content.json, list) else None


def read_text(content: Content) -> list[Draft] | None:
    """The one playlist of a text; None where no line names a track.

    Empty lines and lines that begin with # are passed over. A line may hold other words beside a
    URI or a link, or several of them; a bare ID stands alone.
    """
    if content.is_json:
        return None
    uris: list[str] = []
    skipped = []
    for number, line in enumerate(content.text.splitlines(), start=1):
        text = line.strip().strip('"')
        if not text or text.startswith("#"):
            continue
        try:
            uris += track_uris.copied_tracks(text) or [track_uris.track_uri(text)]
        except ValueError as error:
            skipped.append(f"line {number}: {error}")
    return [Draft(entries=uris, skipped=tuple(skipped))] if uris else None

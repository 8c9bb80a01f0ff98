"""A playlist from the words of a command line."""

from __future__ import annotations

from collections.abc import Iterable

from schema import texts, track_uris
from serving.protocol import ConfigError, Playlist


def track_uri(text: str) -> str:
    """The URI of a track in any form that people copy; see `schema.track_uris`.

    Raises:
        ConfigError: it is in none of them.
    """
    try:
        return track_uris.track_uri(text)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def playlist_from_arguments(name: str = "", tracks: Iterable[str] = ()) -> Playlist:
    """One playlist of a title and tracks, in any of the forms of `track_uri`.

    Raises:
        ConfigError: a track is in none of them.
    """
    return Playlist(texts.whole(name), tuple(track_uri(track) for track in tracks))

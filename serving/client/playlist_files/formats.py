"""The table of formats, and which of them a file is in."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Final

from serving.client.playlist_files import account_export, lists, mpd, tables, web_api
from serving.client.playlist_files.content import Content, parse, read_bytes
from serving.client.playlist_files.playlists import Draft, PlaylistInput, finish
from serving.protocol import ConfigError


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of playlists.

    Attributes:
        name: what it is, for users.
        read: the playlists of a file in it, None for any other file.
    """

    name: str
    read: Callable[[Content], list[Draft] | None]


#: Asked in this order; the first that knows a file reads it.
FORMATS: Final = (
    Format("Spotify's account export (Playlist1.json, YourLibrary.json)", account_export.read),
    Format("a playlist or a page of tracks of Spotify's Web API (JSON)", web_api.read),
    Format("a slice, a challenge set or a playlist in the MPD's format (JSON)", mpd.read),
    Format("a list of URIs or links (JSON)", lists.read_json),
    Format("a table with a column of track URIs, as Exportify writes (CSV)", tables.read),
    Format("text with a URI or a link a line, in UTF-8 or UTF-16", lists.read_text),
)


def read_playlists(path: str | pathlib.Path, name: str | None = None) -> PlaylistInput:
    """Reads the playlists of a file, which may be gzipped, in whichever of the formats it is.

    Args:
        path: the file; "-" is the standard input.
        name: a title that takes the place of the file's own; None leaves them.

    Raises:
        ConfigError: the file cannot be read, is in none of the formats, or holds no playlist that
            can be used.
    """
    return parse_playlists(path, read_bytes(path), name)


def parse_playlists(
    path: str | pathlib.Path, data: bytes, name: str | None = None
) -> PlaylistInput:
    """Reads the playlists of a file from its bytes; see `read_playlists`."""
    content = parse(path, data)
    if not content.text.strip():
        raise ConfigError(f"{path} is empty. {_accepted()}")
    for form in FORMATS:
        drafts = form.read(content)
        if drafts is None:
            continue
        try:
            return finish(path, drafts, name)
        except ConfigError as error:
            raise ConfigError(f"{error}. {_accepted()}") from None
    raise ConfigError(f"{path} is in none of the formats that are read. {_accepted()}")


def _accepted() -> str:
    return f"Read are: {'; '.join(form.name for form in FORMATS)}"

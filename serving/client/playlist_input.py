"""Playlists to ask about: from arguments, from a list of URIs, or from a file in MPD format."""

from __future__ import annotations

import dataclasses
import gzip
import json
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from schema.features import URI_PREFIX
from serving.protocol import ConfigError, Playlist

_FORMS = (
    f"{URI_PREFIX}ID, https://open.spotify.com/track/ID or the ID alone, of 22 letters and digits"
)
_TRACK = re.compile(
    rf"(?:{URI_PREFIX}|https?://open\.spotify\.com/(?:intl-[a-z-]+/)?track/)?"
    r"([0-9A-Za-z]{22})(?:\?.*)?"
)


@dataclasses.dataclass(frozen=True)
class PlaylistInput:
    """What was read.

    Attributes:
        playlists: the playlists that can be asked about.
        skipped: what could not be used, and why; one line each.
    """

    playlists: tuple[Playlist, ...]
    skipped: tuple[str, ...] = ()


def track_uri(text: str) -> str:
    """The URI of a track that is given as a URI, as a link to Spotify, or as its bare ID.

    Raises:
        ConfigError: it is none of these; the message lists the forms.
    """
    found = _TRACK.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"{text.strip()!r} is not a track: expected {_FORMS}")
    return URI_PREFIX + found.group(1)


def playlist_from_arguments(name: str = "", tracks: Iterable[str] = ()) -> Playlist:
    """One playlist of a title and tracks, in any of the forms of `track_uri`.

    Raises:
        ConfigError: a track is in none of them.
    """
    return Playlist(name, tuple(track_uri(track) for track in tracks))


def _parse_uri_list(path: str | pathlib.Path, text: str, name: str) -> PlaylistInput:
    tracks, skipped = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            tracks.append(track_uri(line))
        except ConfigError as error:
            skipped.append(f"{path}, line {number}: {error}")
    return PlaylistInput((Playlist(name, tuple(tracks)),), tuple(skipped))


def read_mpd(path: str | pathlib.Path, pids: Iterable[str] | None = None) -> PlaylistInput:
    """Playlists from a slice of the MPD, a challenge set, or a single playlist; `.gz` too.

    Args:
        path: the file; "-" reads the standard input.
        pids: the playlists wanted; None for all.

    Raises:
        ConfigError: the file cannot be read, or holds none of the playlists wanted.
    """
    return _parse_mpd(path, _read_text(path), pids)


def _parse_mpd(path: str | pathlib.Path, text: str, pids: Iterable[str] | None) -> PlaylistInput:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    wanted = None if pids is None else set(pids)
    playlists, skipped = [], []
    for position, entry in enumerate(_entries(path, document)):
        try:
            playlist = _playlist(entry)
        except ConfigError as error:
            skipped.append(f"{path}, playlist {position}: {error}")
            continue
        if wanted is None or playlist.key in wanted:
            playlists.append(playlist)
    missing = (wanted or set()) - {playlist.key for playlist in playlists}
    if missing:
        raise ConfigError(f"{path} holds no playlist with pid {', '.join(sorted(missing))}")
    return PlaylistInput(tuple(playlists), tuple(skipped))


def read_playlists(path: str | pathlib.Path, name: str = "") -> PlaylistInput:
    """Reads an MPD file or a list of URIs, whichever it is: JSON begins with a bracket.

    A list has a track a line, as Spotify's desktop client copies them. Empty lines and lines that
    begin with # are left out; lines that are not a track are skipped, with a reason.

    Args:
        path: the file; "-" reads the standard input.
        name: title of the playlist that a list of URIs makes.

    Raises:
        ConfigError: the file cannot be read.
    """
    text = _read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        return _parse_mpd(path, text, None)
    return _parse_uri_list(path, text, name)


def _entries(path: str | pathlib.Path, document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and "playlists" in document:
        document = document["playlists"]
    elif isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        raise ConfigError(f"{path} is not in MPD format: expected an object with playlists")
    yield from document


def _playlist(entry: Any) -> Playlist:
    if not isinstance(entry, dict):
        raise ConfigError(f"expected an object, got {type(entry).__name__}")
    name, tracks = entry.get("name") or "", entry.get("tracks") or []
    if not isinstance(name, str):
        raise ConfigError(f"name must be a text, got {type(name).__name__}")
    if not isinstance(tracks, list):
        raise ConfigError(f"tracks must be a list, got {type(tracks).__name__}")
    if not name and not tracks:
        raise ConfigError("it has neither name nor tracks")
    uris = []
    for track in tracks:
        uri = track.get("track_uri") if isinstance(track, dict) else track
        if not isinstance(uri, str):
            raise ConfigError("a track has no track_uri")
        uris.append(uri)
    return Playlist(name, tuple(uris), str(entry.get("pid", "")))


def _read_text(path: str | pathlib.Path) -> str:
    try:
        if str(path) == "-":
            return sys.stdin.read()
        data = pathlib.Path(path).read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error

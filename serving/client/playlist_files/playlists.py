"""From what a file says of a playlist to one that can be asked about, with what is left out."""

from __future__ import annotations

import collections
import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from schema import texts, track_uris
from serving.protocol import ConfigError, Playlist

# Where a track's URI or link stands, by who writes the file: the MPD, the account export, its
# history of plays, the Web API and others.
_URI_KEYS: Final = ("track_uri", "trackUri", "spotify_track_uri", "uri", "url", "link")
# Where an entry of a playlist holds the track, and what it may hold in its place.
_TRACK_KEYS: Final = ("track", "item")
_OTHER_KEYS: Final = {
    "episode": "episode",
    "audiobook": "audiobook",
    "localTrack": "local file",
    "local_track": "local file",
}
_GONE: Final = "track that is gone"
_NAMELESS: Final = "track without a URI"
_KINDS: Final = frozenset({*_OTHER_KEYS.values(), _GONE, _NAMELESS})
_PLURALS: Final = {_GONE: "tracks that are gone", _NAMELESS: "tracks without a URI"}


@dataclasses.dataclass(frozen=True)
class PlaylistInput:
    """What was read.

    Attributes:
        playlists: the playlists that can be asked about.
        skipped: what could not be used, and why; one line each.
    """

    playlists: tuple[Playlist, ...]
    skipped: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Draft:
    """A playlist as a file has it, before its tracks are read.

    Attributes:
        name: its title, of whatever type the file gives it.
        entries: its tracks: URIs, links, or objects that hold them.
        key: its number, "" where it has none.
        total: how many tracks it has, where the file says that it holds some of them only.
        problem: why it is no playlist, "" where it is one.
        skipped: what of it was no entry, a line each.
    """

    name: Any = ""
    entries: Any = ()
    key: str = ""
    total: int | None = None
    problem: str = ""
    skipped: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: Any, tracks: str, number: str | None = None) -> Draft:
        """The playlist of an object: its name, the tracks under a key and its number under one."""
        if not isinstance(entry, dict):
            return cls(problem=f"expected an object, got {type(entry).__name__}")
        return cls(entry.get("name"), entry.get(tracks) or [], str(entry.get(number, "")))


def finish(
    path: str | pathlib.Path, drafts: Sequence[Draft], name: str | None = None
) -> PlaylistInput:
    """Reads the tracks of playlists.

    Args:
        path: the file, for messages.
        drafts: what it holds.
        name: a title that takes the place of the file's own; None leaves them.

    Raises:
        ConfigError: there is no playlist that can be used; the message says why.
    """
    playlists, skipped = [], []
    for position, draft in enumerate(drafts):
        where = str(path) if len(drafts) == 1 else f"{path}, playlist {position}"
        skipped += [f"{path}, {line}" for line in draft.skipped]
        try:
            playlist, left_out = _playlist(draft, name)
        except ConfigError as error:
            skipped.append(f"{where}: {error}")
            continue
        playlists.append(playlist)
        if left_out:
            skipped.append(f"{where}: left out {left_out}")
        if draft.total is not None:
            skipped.append(
                f"{where}: it holds {len(draft.entries)} of {draft.total} tracks, one page of them"
            )
    if not playlists:
        reasons = "; ".join(skipped[:3]) + (f"; and {len(skipped) - 3} more" * (len(skipped) > 3))
        raise ConfigError(f"{path} holds no playlist that can be used: {reasons or 'it is empty'}")
    return PlaylistInput(tuple(playlists), tuple(skipped))


def _playlist(draft: Draft, name: str | None) -> tuple[Playlist, str]:
    """The playlist, and what is left out of it, "" for nothing."""
    if draft.problem:
        raise ConfigError(draft.problem)
    title = (draft.name or "") if name is None else name
    if not isinstance(title, str):
        raise ConfigError(f"name must be a text, got {type(title).__name__}")
    if not isinstance(draft.entries, list | tuple):
        raise ConfigError(f"tracks must be a list, got {type(draft.entries).__name__}")
    uris, others = _tracks(draft.entries)
    if not uris and (others or draft.skipped):
        raise ConfigError(f"none of its tracks can be used ({others or 'no line names one'})")
    if not title and not uris:
        raise ConfigError("it has neither name nor tracks")
    return Playlist(texts.whole(title), tuple(uris), draft.key), others


def _tracks(entries: Iterable[Any]) -> tuple[list[str], str]:
    """URIs, and counts of everything else, in words."""
    uris: list[str] = []
    others: collections.Counter[str] = collections.Counter()
    for entry in entries:
        found = _track_text(entry)
        try:
            uris.append(track_uris.track_uri(found))
        except ValueError:
            kind = found if found in _KINDS else track_uris.other_kind(found)
            others[kind or f"{found[:60]!r}"] += 1
    return uris, ", ".join(_counted(kind, count) for kind, count in others.items())


def _counted(kind: str, count: int) -> str:
    if kind.startswith(("'", '"')):
        return f"{kind}, which is no track"
    return f"{count} {kind if count == 1 else _PLURALS.get(kind, f'{kind}s')}"


def _track_text(entry: Any) -> str:
    """The text that names an entry's track, or what kind of entry it is."""
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Mapping):
        return _NAMELESS if entry is not None else _GONE
    for key in _TRACK_KEYS:
        if isinstance(entry.get(key), Mapping | str) and not isinstance(entry.get("uri"), str):
            return _track_text(entry[key])
    for key, kind in _OTHER_KEYS.items():
        if entry.get(key):
            return kind
    for key in _URI_KEYS:
        if isinstance(entry.get(key), str):
            return str(entry[key])
    return _GONE if any(key in entry for key in _TRACK_KEYS) else _NAMELESS

"""Validates a playlist as JSON has it: a pure function that never raises on bad input."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from components.ingest import listeners
from components.ingest.reasons import InvalidError, Reason
from components.ingest.values import ints, json_type, show, texts, whole_number
from schema import features
from schema.track_uris import NO_TRACKS, WITHOUT_URI, canonical, is_track_uri, other_kind

#: Halves of characters (lone surrogates), by how they are counted among what is left out.
HALVES: Final = "halves_of_characters"

_TEXTS: Final = (features.NAME, features.DESCRIPTION)
# Tracks of the MPD spell two features of C4 as their playlists do.
_TRACK_KEYS: Final = {features.TRACK_DURATION_MS: "duration_ms"}
# An entry of `tracks`: its position there, and its fields.
_Entry = tuple[int, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Playlist:
    """A valid playlist.

    Attributes:
        pid: its number.
        num_tracks: how many tracks it has, repeats included.
        features: the values of contract C4, by feature. Features of tracks are aligned, in
            playlist order, with b"" or -1 where only some tracks have a value; what the input
            lacks altogether is absent.
        left_out: entries that are no tracks, and halves of characters in texts, by kind.
        split: of a listener, who says so; None where the pid decides.
    """

    pid: int
    num_tracks: int
    features: dict[str, list[bytes] | list[int] | list[float]]
    left_out: Mapping[str, int] = dataclasses.field(default_factory=dict)
    split: str | None = None


@dataclasses.dataclass(frozen=True)
class Reject:
    """A playlist that cannot be used.

    Attributes:
        reason: one of a few, to count by.
        detail: what exactly is wrong, naming the field and the value.
        pid: its number, where it has a valid one.
    """

    reason: Reason
    detail: str
    pid: int | None = None


def validate(raw: object, *, allow_no_tracks: bool = False) -> Playlist | Reject:
    """Validates one element of a slice's `playlists`.

    A field that is null counts as absent. Whole numbers may be strings, or floats. Tracks are put
    in the order of their `pos` where all have one. Local files, episodes and entries whose URI is
    missing, null or empty are left out and counted, and so are halves of characters, in whose
    place U+FFFD stands. A playlist with any other entry that is no track is rejected as a whole:
    such a URI tells that the file is not what it is taken for. A listener, whose `listener` is not
    null, has tracks only: what lies before and behind the cut is counted by them.

    Args:
        raw: any JSON value.
        allow_no_tracks: whether `tracks` may be absent or empty, as in a challenge set.
    """
    pid = None
    try:
        if not isinstance(raw, dict):
            raise InvalidError(Reason.NOT_AN_OBJECT, f"a JSON {json_type(raw)}, not an object")
        pid = _pid(raw)
        tracks, left_out = _tracks(raw, allow_no_tracks)
        values: dict[str, Any] = {features.PID: [str(pid).encode()]}
        halves = _add_playlist_features(raw, values) + _add_track_features(tracks, values)
        if halves:
            left_out[HALVES] = halves
        split = None
        if (listener := raw.get(listeners.KEY)) is not None:
            uris = values.get(features.TRACK_URI, [])
            split = listeners.add(listener, uris, len(uris) == entries_of(raw), values)
    except InvalidError as error:
        return Reject(error.reason, error.detail, pid)
    return Playlist(pid, len(tracks), values, left_out, split)


def entries_of(raw: object) -> int:
    """Counts the entries of a playlist, whether they are tracks or not; 0 where it has no list."""
    tracks = raw.get("tracks") if isinstance(raw, dict) else None
    return len(tracks) if isinstance(tracks, list) else 0


def _pid(raw: dict[str, Any]) -> int:
    pid = raw.get("pid")
    if pid is None:
        raise InvalidError(Reason.MISSING_PID, "pid: absent")
    number = whole_number(pid)
    if number is None:
        raise InvalidError(
            Reason.INVALID_PID, f"pid: {show(pid)} is not a whole number from 0 to 2^63-1"
        )
    return number


def _tracks(raw: dict[str, Any], allow_none: bool) -> tuple[list[_Entry], dict[str, int]]:
    """Returns the tracks in their order, each with its URI, and how many entries are none."""
    tracks = raw.get("tracks")
    if tracks is None and allow_none:
        return [], {}
    if tracks is None:
        raise InvalidError(Reason.MISSING_TRACKS, "tracks: absent")
    if not isinstance(tracks, list):
        raise InvalidError(
            Reason.INVALID_TRACKS, f"tracks: a JSON {json_type(tracks)}, not an array"
        )
    if not tracks and not allow_none:
        raise InvalidError(Reason.MISSING_TRACKS, "tracks: empty")
    entries: list[_Entry] = []
    left_out: Counter[str] = Counter()
    for index, track in enumerate(tracks):
        if not isinstance(track, dict):
            raise InvalidError(
                Reason.INVALID_TRACKS, f"tracks[{index}]: a JSON {json_type(track)}, not an object"
            )
        uri = track.get(features.TRACK_URI)
        if is_track_uri(uri):
            entries.append((index, track))
        elif uri is None or uri == "":
            left_out[WITHOUT_URI] += 1
        elif isinstance(uri, str) and (kind := other_kind(uri)) in NO_TRACKS:
            left_out[NO_TRACKS[kind]] += 1
        else:
            entries.append((index, {**track, features.TRACK_URI: _canonical(uri, index)}))
    if tracks and not entries and not allow_none:
        raise InvalidError(Reason.MISSING_TRACKS, f"tracks: {_kinds(left_out)} only")
    return _in_order(entries), dict(left_out)


def _kinds(left_out: Mapping[str, int]) -> str:
    return ", ".join(kind.replace("_", " ") for kind in left_out)


def _canonical(uri: object, index: int) -> str:
    found = canonical(uri) if isinstance(uri, str) else ""
    if not is_track_uri(found):
        raise InvalidError(
            Reason.INVALID_TRACK_URI,
            f"tracks[{index}].track_uri: {show(uri)} is not spotify:track: and 22 letters "
            "and digits",
        )
    return found


def _in_order(entries: list[_Entry]) -> list[_Entry]:
    positions = ints([track.get("pos") for _, track in entries], _of_track("pos", entries))
    if None in positions:
        return entries
    # Entries with the same position stay as they are: their numbers rise.
    return [entry for _, entry in sorted(zip(positions, entries, strict=True), key=_place)]


def _place(item: tuple[int | None, _Entry]) -> tuple[int, int]:
    return item[0] or 0, item[1][0]


def _add_playlist_features(raw: dict[str, Any], values: dict[str, Any]) -> int:
    """Adds them; returns how many halves of characters were left out."""
    halves = 0
    for key in _TEXTS:
        value = raw.get(key)
        if value is not None:
            values[key], found = texts([value], _of_playlist(key))
            halves += found
    collaborative = raw.get(features.COLLABORATIVE)
    if isinstance(collaborative, bool):
        collaborative = "true" if collaborative else "false"
    if collaborative is not None:
        if collaborative not in ("true", "false"):
            raise InvalidError(
                Reason.INVALID_FIELD,
                f'collaborative: {show(collaborative)} is not "true" or "false"',
            )
        values[features.COLLABORATIVE] = [collaborative.encode()]
    for key in features.PLAYLIST_INTS:
        value = raw.get(key)
        if value is not None:
            values[key] = ints([value], _of_playlist(key))
    return halves


def _add_track_features(tracks: list[_Entry], values: dict[str, Any]) -> int:
    """Adds them; returns how many halves of characters were left out."""
    halves = 0
    if not tracks:
        return halves
    for key in features.TRACK_FEATURES:
        source = _TRACK_KEYS.get(key, key)
        column = [track.get(source) for _, track in tracks]
        present = [value for value in column if value is not None]
        if not present:
            continue
        where = _of_track(source, tracks)
        if key in features.TRACK_INTS:
            values[key] = [-1 if value is None else value for value in ints(column, where)]
        else:
            values[key], found = texts(column, where)
            halves += found
    return halves


def _of_playlist(key: str) -> Callable[[int], str]:
    return lambda _: key


def _of_track(key: str, tracks: Sequence[_Entry]) -> Callable[[int], str]:
    return lambda index: f"tracks[{tracks[index][0]}].{key}"

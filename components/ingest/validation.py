"""Validates a playlist as JSON has it: a pure function that never raises on bad input."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence
from typing import Any, Final

from schema import features
from schema.texts import whole
from schema.track_uris import canonical, is_track_uri

INT64_MAX: Final = 2**63 - 1
_PID_DIGITS: Final = 19  # of INT64_MAX
_SHOWN: Final = 60  # characters of a bad value that are shown

_TEXTS: Final = (features.NAME, features.DESCRIPTION)
# Tracks of the MPD spell two features of C4 as their playlists do.
_TRACK_KEYS: Final = {features.TRACK_DURATION_MS: "duration_ms"}


class Reason(str, enum.Enum):
    """Why a record or a file was set aside, as `rejects-*.jsonl` spells it."""

    UNREADABLE_FILE = "unreadable_file"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_PID = "missing_pid"
    INVALID_PID = "invalid_pid"
    DUPLICATE_PID = "duplicate_pid"
    MISSING_TRACKS = "missing_tracks"
    INVALID_TRACKS = "invalid_tracks"
    INVALID_TRACK_URI = "invalid_track_uri"
    INVALID_FIELD = "invalid_field"


@dataclasses.dataclass(frozen=True)
class Playlist:
    """A valid playlist.

    Attributes:
        pid: its number.
        num_tracks: how many tracks it has, repeats included.
        features: the values of contract C4, by feature. Features of tracks are aligned, in
            playlist order, with b"" or -1 where only some tracks have a value; what the input
            lacks altogether is absent.
    """

    pid: int
    num_tracks: int
    features: dict[str, list[bytes] | list[int]]


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


class _InvalidError(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def validate(raw: object, *, allow_no_tracks: bool = False) -> Playlist | Reject:
    """Validates one element of a slice's `playlists`.

    A field that is null counts as absent. Tracks are put in the order of their `pos` where all
    have one. A playlist with one unusable track is rejected as a whole: to drop the track would
    change the playlist without a trace.

    Args:
        raw: any JSON value.
        allow_no_tracks: whether `tracks` may be absent or empty, as in a challenge set.
    """
    pid = None
    try:
        if not isinstance(raw, dict):
            raise _InvalidError(Reason.NOT_AN_OBJECT, f"a JSON {json_type(raw)}, not an object")
        pid = _pid(raw)
        tracks = _tracks(raw, allow_no_tracks)
        values: dict[str, list[bytes] | list[int]] = {features.PID: [str(pid).encode()]}
        _add_playlist_features(raw, values)
        _add_track_features(tracks, values)
    except _InvalidError as error:
        return Reject(error.reason, error.detail, pid)
    return Playlist(pid, len(tracks), values)


def json_type(value: object) -> str:
    """Returns JSON's name of the value's type."""
    for kind, name in (
        (bool, "boolean"),
        (int, "number"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return name
    return "null"


def _pid(raw: dict[str, Any]) -> int:
    pid = raw.get("pid")
    if pid is None:
        raise _InvalidError(Reason.MISSING_PID, "pid: absent")
    if isinstance(pid, str) and pid.isascii() and pid.isdigit() and len(pid) <= _PID_DIGITS:
        pid = int(pid)
    if type(pid) is not int or not 0 <= pid <= INT64_MAX:
        raise _InvalidError(
            Reason.INVALID_PID, f"pid: {_show(pid)} is not a whole number from 0 to 2^63-1"
        )
    return pid


def _tracks(raw: dict[str, Any], allow_none: bool) -> list[dict[str, Any]]:
    tracks = raw.get("tracks")
    if tracks is None and allow_none:
        return []
    if tracks is None:
        raise _InvalidError(Reason.MISSING_TRACKS, "tracks: absent")
    if not isinstance(tracks, list):
        raise _InvalidError(
            Reason.INVALID_TRACKS, f"tracks: a JSON {json_type(tracks)}, not an array"
        )
    if not tracks and not allow_none:
        raise _InvalidError(Reason.MISSING_TRACKS, "tracks: empty")
    for index, track in enumerate(tracks):
        if not isinstance(track, dict):
            raise _InvalidError(
                Reason.INVALID_TRACKS, f"tracks[{index}]: a JSON {json_type(track)}, not an object"
            )
    return _in_order(tracks)


def _in_order(tracks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    positions = [track.get("pos") for track in tracks]
    _check_ints(positions, _of_track("pos"))
    return tracks if None in positions else sorted(tracks, key=lambda track: track["pos"])


def _add_playlist_features(raw: dict[str, Any], values: dict[str, Any]) -> None:
    for key in _TEXTS:
        value = raw.get(key)
        if value is not None:
            values[key] = _texts([value], _of_playlist(key))
    collaborative = raw.get(features.COLLABORATIVE)
    if isinstance(collaborative, bool):
        collaborative = "true" if collaborative else "false"
    if collaborative is not None:
        if collaborative not in ("true", "false"):
            raise _InvalidError(
                Reason.INVALID_FIELD,
                f'collaborative: {_show(collaborative)} is not "true" or "false"',
            )
        values[features.COLLABORATIVE] = [collaborative.encode()]
    for key in features.PLAYLIST_INTS:
        value = raw.get(key)
        if value is not None:
            _check_ints([value], _of_playlist(key))
            values[key] = [value]


def _add_track_features(tracks: list[dict[str, Any]], values: dict[str, Any]) -> None:
    if not tracks:
        return
    tracks = list(tracks)
    for index, track in enumerate(tracks):
        uri = track.get(features.TRACK_URI)
        if is_track_uri(uri):
            continue
        found = canonical(uri) if isinstance(uri, str) else None
        if not is_track_uri(found):
            raise _InvalidError(
                Reason.INVALID_TRACK_URI,
                f"tracks[{index}].track_uri: {_show(uri)} is not spotify:track: and 22 letters "
                "and digits",
            )
        tracks[index] = {**track, features.TRACK_URI: found}
    for key in features.TRACK_FEATURES:
        source = _TRACK_KEYS.get(key, key)
        column = [track.get(source) for track in tracks]
        present = [value for value in column if value is not None]
        if not present:
            continue
        where = _of_track(source)
        if key in features.TRACK_INTS:
            _check_ints(column, where)
            values[key] = [-1 if value is None else value for value in column]
        else:
            values[key] = _texts(column, where)


def _of_playlist(key: str) -> Callable[[int], str]:
    return lambda _: key


def _of_track(key: str) -> Callable[[int], str]:
    return lambda index: f"tracks[{index}].{key}"


def _texts(column: Sequence[Any], where: Callable[[int], str]) -> list[bytes]:
    try:
        return [b"" if value is None else value.encode() for value in column]
    except (AttributeError, UnicodeEncodeError):
        pass
    for index, value in enumerate(column):
        if value is not None and not isinstance(value, str):
            raise _InvalidError(
                Reason.INVALID_FIELD, f"{where(index)}: {_show(value)} is not a string"
            )
    return [whole(value or "").encode() for value in column]


def _check_ints(column: Sequence[Any], where: Callable[[int], str]) -> None:
    for index, value in enumerate(column):
        if value is None or (type(value) is int and 0 <= value <= INT64_MAX):
            continue
        raise _InvalidError(
            Reason.INVALID_FIELD,
            f"{where(index)}: {_show(value)} is not a whole number from 0 to 2^63-1",
        )


def _show(value: object) -> str:
    if isinstance(value, int) and not -INT64_MAX <= value <= INT64_MAX:
        return "a number beyond 64 bits"
    if isinstance(value, (list, dict)):
        return f"a JSON {json_type(value)}"
    if value is None:
        return "null"
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    shown = ascii(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."

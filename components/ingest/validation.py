"""Validates a playlist as JSON has it: a pure function that never raises on bad input."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from schema import features
from schema.texts import whole
from schema.track_uris import NO_TRACKS, WITHOUT_URI, canonical, is_track_uri, other_kind

INT64_MAX: Final = 2**63 - 1
_EXACT: Final = 2**53  # beyond it, not every whole number is a float
# Whole numbers as strings have them; 19 digits are those of INT64_MAX.
_DIGITS: Final = re.compile(r"([0-9]{1,19})(?:\.0*)?")
_SHOWN: Final = 60  # characters of a bad value that are shown
_MARK: Final = "\ufffd"  # what stands for half a character

#: Halves of characters (lone surrogates), by how they are counted among what is left out.
HALVES: Final = "halves_of_characters"

_TEXTS: Final = (features.NAME, features.DESCRIPTION)
# Tracks of the MPD spell two features of C4 as their playlists do.
_TRACK_KEYS: Final = {features.TRACK_DURATION_MS: "duration_ms"}
# An entry of `tracks`: its position there, and its fields.
_Entry = tuple[int, dict[str, Any]]


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
        left_out: entries that are no tracks, and halves of characters in texts, by kind.
    """

    pid: int
    num_tracks: int
    features: dict[str, list[bytes] | list[int]]
    left_out: Mapping[str, int] = dataclasses.field(default_factory=dict)


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

    A field that is null counts as absent. Whole numbers may be strings, or floats. Tracks are put
    in the order of their `pos` where all have one. Local files, episodes and entries whose URI is
    missing, null or empty are left out and counted, and so are halves of characters, in whose
    place U+FFFD stands. A playlist with any other entry that is no track is rejected as a whole:
    such a URI tells that the file is not what it is taken for.

    Args:
        raw: any JSON value.
        allow_no_tracks: whether `tracks` may be absent or empty, as in a challenge set.
    """
    pid = None
    try:
        if not isinstance(raw, dict):
            raise _InvalidError(Reason.NOT_AN_OBJECT, f"a JSON {json_type(raw)}, not an object")
        pid = _pid(raw)
        tracks, left_out = _tracks(raw, allow_no_tracks)
        values: dict[str, list[bytes] | list[int]] = {features.PID: [str(pid).encode()]}
        halves = _add_playlist_features(raw, values) + _add_track_features(tracks, values)
        if halves:
            left_out[HALVES] = halves
    except _InvalidError as error:
        return Reject(error.reason, error.detail, pid)
    return Playlist(pid, len(tracks), values, left_out)


def entries_of(raw: object) -> int:
    """Counts the entries of a playlist, whether they are tracks or not; 0 where it has no list."""
    tracks = raw.get("tracks") if isinstance(raw, dict) else None
    return len(tracks) if isinstance(tracks, list) else 0


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
    number = _whole_number(pid)
    if number is None:
        raise _InvalidError(
            Reason.INVALID_PID, f"pid: {_show(pid)} is not a whole number from 0 to 2^63-1"
        )
    return number


def _tracks(raw: dict[str, Any], allow_none: bool) -> tuple[list[_Entry], dict[str, int]]:
    """Returns the tracks in their order, each with its URI, and how many entries are none."""
    tracks = raw.get("tracks")
    if tracks is None and allow_none:
        return [], {}
    if tracks is None:
        raise _InvalidError(Reason.MISSING_TRACKS, "tracks: absent")
    if not isinstance(tracks, list):
        raise _InvalidError(
            Reason.INVALID_TRACKS, f"tracks: a JSON {json_type(tracks)}, not an array"
        )
    if not tracks and not allow_none:
        raise _InvalidError(Reason.MISSING_TRACKS, "tracks: empty")
    entries: list[_Entry] = []
    left_out: Counter[str] = Counter()
    for index, track in enumerate(tracks):
        if not isinstance(track, dict):
            raise _InvalidError(
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
        raise _InvalidError(Reason.MISSING_TRACKS, f"tracks: {_kinds(left_out)} only")
    return _in_order(entries), dict(left_out)


def _kinds(left_out: Mapping[str, int]) -> str:
    return ", ".join(kind.replace("_", " ") for kind in left_out)


def _canonical(uri: object, index: int) -> str:
    found = canonical(uri) if isinstance(uri, str) else ""
    if not is_track_uri(found):
        raise _InvalidError(
            Reason.INVALID_TRACK_URI,
            f"tracks[{index}].track_uri: {_show(uri)} is not spotify:track: and 22 letters "
            "and digits",
        )
    return found


def _in_order(entries: list[_Entry]) -> list[_Entry]:
    positions = _ints([track.get("pos") for _, track in entries], _of_track("pos", entries))
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
            values[key], found = _texts([value], _of_playlist(key))
            halves += found
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
            values[key] = _ints([value], _of_playlist(key))
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
            values[key] = [-1 if value is None else value for value in _ints(column, where)]
        else:
            values[key], found = _texts(column, where)
            halves += found
    return halves


def _of_playlist(key: str) -> Callable[[int], str]:
    return lambda _: key


def _of_track(key: str, tracks: Sequence[_Entry]) -> Callable[[int], str]:
    return lambda index: f"tracks[{tracks[index][0]}].{key}"


def _texts(column: Sequence[Any], where: Callable[[int], str]) -> tuple[list[bytes], int]:
    """The texts in UTF-8, and how many halves of characters these have U+FFFD for."""
    try:
        return [b"" if value is None else value.encode() for value in column], 0
    except (AttributeError, UnicodeEncodeError):
        pass
    for index, value in enumerate(column):
        if value is not None and not isinstance(value, str):
            raise _InvalidError(
                Reason.INVALID_FIELD, f"{where(index)}: {_show(value)} is not a string"
            )
    mended = [whole(value or "") for value in column]
    halves = sum(text.count(_MARK) for text in mended)
    halves -= sum((value or "").count(_MARK) for value in column)
    return [text.encode() for text in mended], halves


def _ints(column: Sequence[Any], where: Callable[[int], str]) -> list[int | None]:
    found = [None if value is None else _whole_number(value) for value in column]
    if None in found:
        for index, value in enumerate(column):
            if value is not None and found[index] is None:
                raise _InvalidError(
                    Reason.INVALID_FIELD,
                    f"{where(index)}: {_show(value)} is not a whole number from 0 to 2^63-1",
                )
    return found


def _whole_number(value: object) -> int | None:
    """The number from 0 to 2^63-1 that a JSON number or string spells, None where it is none."""
    if isinstance(value, str):
        digits = _DIGITS.fullmatch(value)
        value = int(digits.group(1)) if digits else None
    elif isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        value = int(value)
    return value if type(value) is int and 0 <= value <= INT64_MAX else None


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

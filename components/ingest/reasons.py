"""Why playlists and files are set aside."""

from __future__ import annotations

import enum


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


class InvalidError(Exception):
    """A playlist cannot be used.

    Attributes:
        reason: one of a few, to count by.
        detail: what exactly is wrong.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

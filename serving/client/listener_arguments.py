"""A listener's history from the words of a command line."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from serving.client.playlist_arguments import track_uri
from serving.protocol import ConfigError, Listener


def listener_from_arguments(played: Iterable[str], excluded: Iterable[str] = ()) -> Listener:
    """A listener by what was streamed and when.

    Args:
        played: TRACK or TRACK@TIME each, with TRACK in any of the forms of `track_uri`, TIME in
            Unix seconds or in ISO 8601, of UTC where it names no zone. A track may come again.
        excluded: tracks that are not to be recommended.

    Raises:
        ConfigError: a track or a time is none.
    """
    tracks, times = [], []
    for text in played:
        track, sign, time = text.partition("@")
        tracks.append(track_uri(track))
        times.append(_seconds(time) if sign else 0)
    return Listener(
        track_uris=tuple(tracks),
        # A time of 0 is one that nobody knows.
        timestamps=tuple(times) if any(times) else (),
        exclude_uris=tuple(track_uri(each) for each in excluded),
    )


def _seconds(text: str) -> int:
    """Seconds since 1970, above 0."""
    try:
        found = int(text) if text.isdecimal() else _iso(text)
    except (ValueError, OverflowError):
        found = 0
    if not 0 < found < 2**63:
        raise ConfigError(
            f"{text[:80]!r} is no time of a stream: expected Unix seconds, or a time such as "
            "2017-11-14T08:30:00Z"
        )
    return found


def _iso(text: str) -> int:
    # Python 3.10 reads no Z.
    time = datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    return int(time.timestamp())

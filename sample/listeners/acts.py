"""Events of a listener: plays, and what a listener does with tracks, artists and others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from scipy.special import expit

from sample import names
from sample.listeners.catalogue import Catalogue
from sample.listeners.kinds import DAY, HABITS, NEWER_SHARE, WorldSize
from sample.listeners.people import Listener, People
from sample.listeners.plays import SOURCES, Plays, draw_plays
from sample.listeners.social import draw_follow
from schema.events import SCHEMA_VERSION

_SAVES: Final = -3.5  # logits at the usual affinity, of streams
_ADDS: Final = -4.3
_FOLLOWS_ARTIST: Final = 0.004  # of streams
_FOLLOWS_LISTENER: Final = 0.02  # a day
_SLOPE: Final = 3.0
_PLAYLISTS: Final = 5  # of a listener, that tracks are added to
_NEWER: Final = "1.1"
_DEVICES: Final = ("phone", "desktop", "speaker", "car")


def key(content: str) -> str:
    """An idempotency key: 24 hexadecimal digits that tell nobody what they were made from."""
    return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


class EventMaker:
    """Makes the events of a world's listeners.

    Args:
        size: of the world.
        catalogue: its tracks.
        people: its listeners.
    """

    def __init__(self, size: WorldSize, catalogue: Catalogue, people: People) -> None:
        self._size = size
        self._catalogue = catalogue
        self._people = people
        self._uris: dict[int, str] = {}

    def events(self, listener: Listener) -> list[dict[str, Any]]:
        """Draws all that a listener does, by time."""
        size = self._size
        plays = draw_plays(size, self._catalogue, listener)
        rng = np.random.default_rng([size.seed, HABITS, listener.number])
        events = [
            *self._plays(listener, plays),
            *self._acts(listener, plays, rng),
            *self._ties(listener, rng),
        ]
        events.sort(key=lambda event: event["event_time"])
        newer = rng.random(len(events)) < NEWER_SHARE
        devices = rng.integers(len(_DEVICES), size=len(events))
        for index, event in enumerate(events):
            event["schema_version"] = SCHEMA_VERSION
            event["idempotency_key"] = key(f"{size.seed}/{listener.number}/{index}")
            event["listener_id"] = listener.listener_id
            if newer[index]:
                event |= {"schema_version": _NEWER, "device": _DEVICES[devices[index]]}
        return events

    def _uri(self, track: int) -> str:
        found = self._uris.get(track)
        if found is None:
            found = names.uri(self._size.seed, "track", int(self._catalogue.number[track]))
            self._uris[track] = found
        return found

    def _plays(self, listener: Listener, plays: Plays) -> Iterator[dict[str, Any]]:
        sessions = [
            key(f"{self._size.seed}/{listener.number}/session/{session}")
            for session in range(int(plays.session[-1]) + 1 if len(plays.session) else 0)
        ]
        columns = (
            plays.time, plays.track, plays.session, plays.ms_played, plays.is_skip, plays.source,
            self._catalogue.duration_ms[plays.track],
        )  # fmt: skip
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for time, track, session, ms_played, is_skip, source, track_ms in rows:
            yield {
                "type": "skip" if is_skip else "stream",
                "event_time": time,
                "session_id": sessions[session],
                "track_uri": self._uri(track),
                "ms_played": ms_played,
                "track_ms": track_ms,
                "source": SOURCES[source],
            }

    def _acts(
        self, listener: Listener, plays: Plays, rng: np.random.Generator
    ) -> Iterator[dict[str, Any]]:
        """Saves, additions to playlists and artists that are followed, all while a track plays."""
        count, seed = len(plays.time), self._size.seed
        draws = rng.random((3, count))
        earlier = (rng.random((3, count)) * plays.ms_played * 1_000).astype(np.int64)
        index = rng.integers(_PLAYLISTS, size=count)
        taste = _SLOPE * plays.affinity
        chances = (expit(_SAVES + taste), expit(_ADDS + taste), _FOLLOWS_ARTIST)
        for row, (kind, chance) in enumerate(
            zip(("save", "playlist_add", "follow"), chances, strict=True)
        ):
            for at in np.flatnonzero((draws[row] < chance) & ~plays.is_skip).tolist():
                track = int(plays.track[at])
                event: dict[str, Any] = {
                    "type": kind,
                    "event_time": int(plays.time[at] - earlier[row, at]),
                }
                if kind == "follow":
                    artist = int(self._catalogue.artist[track])
                    event["followed_artist"] = names.uri(seed, "artist", artist)
                else:
                    event["track_uri"] = self._uri(track)
                if kind == "save":
                    event["source"] = SOURCES[int(plays.source[at])]
                elif kind == "playlist_add":
                    number = listener.number * _PLAYLISTS + int(index[at])
                    event["playlist_uri"] = names.uri(seed, "playlist", number)
                yield event

    def _ties(self, listener: Listener, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
        """Listeners that are followed from now on."""
        first = max(0, listener.joined)
        days = self._size.days - first
        for _ in range(int(rng.poisson(_FOLLOWS_LISTENER * days))):
            other = draw_follow(self._people.genres, listener.number, rng)
            time = self._size.start + first * DAY + int(rng.integers(days * DAY))
            if other is not None:
                yield {
                    "type": "follow",
                    "event_time": time,
                    "followed_listener": self._people.pseudonym(other),
                }

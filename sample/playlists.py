"""One synthetic playlist, with every field that the MPD's have."""

from __future__ import annotations

import functools
import random
from typing import Any, Final

import numpy as np
from scipy.special import ndtr, ndtri

from sample import names
from sample.themes import Theme, draw_theme, draw_tracks
from sample.world import MOODS, World, build_world

_DAY: Final = 86_400
_FIRST_DAY, _LAST_DAY = 15_340, 17_470  # 2012-01-01 and 2017-10-31, in days since 1970
_SHORTEST, _LONGEST = 5, 250
_LOG_MEDIAN, _LOG_SPREAD = 4.0, 1.0  # of the lognormal that, cut to 5..250, has mean 66
_TRACK_CACHE: Final = 100_000  # tracks whose texts are kept, about 80 MB


class PlaylistMaker:
    """Makes the playlists of one world, in any order.

    Args:
        playlists: how many playlists the catalogue is made for.
        seed: a non-negative int.
    """

    def __init__(self, playlists: int, seed: int) -> None:
        self.world: World = build_world(playlists, seed)
        self._seed = seed
        self._track = functools.lru_cache(_TRACK_CACHE)(self._make_track)
        self._artist = functools.lru_cache(_TRACK_CACHE // 4)(self._make_artist)
        self._album = functools.lru_cache(_TRACK_CACHE // 2)(self._make_album)

    def tracks(self, index: int) -> np.ndarray:
        """Returns the tracks of playlist `index` alone, as numbers of the world: int64 [L]."""
        return self._draw(index)[3]

    def playlist(self, index: int) -> dict[str, Any]:
        """Returns playlist `index` with every field that the MPD's have."""
        rng, dice, theme, tracks = self._draw(index)
        length = len(tracks)
        duration = int(self.world.duration_ms[tracks].sum())
        playlist: dict[str, Any] = {
            "name": theme.title,
            "collaborative": "true" if dice.random() < 0.023 else "false",
            "pid": index,
            "modified_at": dice.randint(_FIRST_DAY, _LAST_DAY) * _DAY,
            "num_tracks": length,
            "num_albums": len(np.unique(self.world.album_of[tracks])),
            "num_followers": min(int(rng.zipf(2.4)), 50_000),
            "tracks": [
                {"pos": pos, **self._track(track)} for pos, track in enumerate(tracks.tolist())
            ],
            "num_edits": 1 + min(length - 1, int(dice.lognormvariate(2.2, 1.0))),
            "duration_ms": duration,
            "num_artists": len(np.unique(self.world.artist_of[tracks])),
        }
        if dice.random() < 0.02:
            playlist["description"] = f"{MOODS[theme.mood]} songs, {theme.title.lower()}"
        return playlist

    def _draw(self, index: int) -> tuple[np.random.Generator, random.Random, Theme, np.ndarray]:
        rng = np.random.default_rng([self._seed, index, self.world.tracks])
        dice = random.Random(int(rng.integers(2**63)))
        theme = draw_theme(self.world, rng, dice)
        length = _draw_length(dice.random())
        tracks = draw_tracks(self.world, rng, theme, length)
        if dice.random() < 0.07:  # a few people add a track twice
            tracks[-1] = tracks[dice.randrange(length - 1)]
        return rng, dice, theme, tracks

    def _make_track(self, track: int) -> dict[str, Any]:
        artist_name, artist_uri = self._artist(int(self.world.artist_of[track]))
        album_name, album_uri = self._album(track)
        return {
            "artist_name": artist_name,
            "track_uri": names.uri(self._seed, "track", track),
            "artist_uri": artist_uri,
            "track_name": names.track_name(self._seed, track, int(self.world.artist_of[track])),
            "album_uri": album_uri,
            "duration_ms": int(self.world.duration_ms[track]),
            "album_name": album_name,
        }

    def _make_artist(self, artist: int) -> tuple[str, str]:
        return names.artist_name(self._seed, artist), names.uri(self._seed, "artist", artist)

    def _make_album(self, track: int) -> tuple[str, str]:
        album, artist = int(self.world.album_of[track]), int(self.world.artist_of[track])
        return names.album_name(self._seed, album, artist), names.uri(self._seed, "album", album)


def _draw_length(draw: float) -> int:
    low = ndtr((np.log(_SHORTEST) - _LOG_MEDIAN) / _LOG_SPREAD)
    high = ndtr((np.log(_LONGEST + 1) - _LOG_MEDIAN) / _LOG_SPREAD)
    length = np.exp(_LOG_MEDIAN + _LOG_SPREAD * ndtri(low + draw * (high - low)))
    return int(np.clip(length, _SHORTEST, _LONGEST))

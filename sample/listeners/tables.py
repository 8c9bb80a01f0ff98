"""The rows of tracks.parquet and audio.parquet: what anybody may know of a world's tracks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from scipy.special import expit

from sample import names
from sample.listeners.catalogue import Catalogue
from sample.listeners.kinds import AUDIO
from sample.listeners.space import DIMENSIONS
from sample.world import GENRES, MOODS
from schema.tables import DESCRIPTORS

MARKETS: Final = ("BR", "DE", "ES", "FR", "GB", "IN", "JP", "MX", "NL", "PL", "SE", "US")
_RESTRICTED: Final = 0.1  # of tracks, which may be played in some of the markets only
_SECOND_GENRE: Final = 0.25  # of tracks, whose scene is heard as its neighbour's genre too
_MOOD_TOLD: Final = 0.9  # of tracks, whose descriptors say their mood
_EXPLICIT: Final = {"hip hop": 0.5, "trap": 0.6, "punk": 0.3, "metal": 0.3, "reggaeton": 0.3}
_EXPLICIT_ELSEWHERE: Final = 0.06
#: How audio descriptors follow the latent vector: expit(SIGNAL * w . v + noise), w of length 1.
SIGNAL: Final = 3.0
NOISE: Final = 0.5  # its standard deviation
_ANALYSED: Final = 0.98  # of tracks
_BLOCK: Final = 4_096


def track_rows(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Rows of `schema.tables.TRACKS`, by number."""
    world, genre_names = catalogue.world, tuple(GENRES)
    for track in np.argsort(catalogue.number).tolist():
        number, artist = int(catalogue.number[track]), int(catalogue.artist[track])
        album = int(catalogue.album[track])
        rng = np.random.default_rng([world.seed, AUDIO, number])
        genre = int(world.scene_genre[catalogue.scene[track]])
        genres = [genre_names[genre]]
        if rng.random() < _SECOND_GENRE:
            genres.append(genre_names[(genre + int(rng.choice([-1, 1]))) % len(genre_names)])
        explicit = _EXPLICIT.get(genres[0], _EXPLICIT_ELSEWHERE)
        markets = list(MARKETS)
        if rng.random() < _RESTRICTED:
            markets = sorted(rng.choice(MARKETS, int(rng.integers(1, len(MARKETS))), replace=False))
        yield {
            "track_uri": names.uri(world.seed, "track", number),
            "track_name": names.track_name(world.seed, number, artist),
            "artist_uri": names.uri(world.seed, "artist", artist),
            "artist_name": names.artist_name(world.seed, artist),
            "album_uri": names.uri(world.seed, "album", album),
            "album_name": names.album_name(world.seed, album, artist),
            "duration_ms": int(catalogue.duration_ms[track]),
            "release_date": int(catalogue.release_day[track]),
            "genres": genres,
            "descriptors": [MOODS[catalogue.mood[track]]] if rng.random() < _MOOD_TOLD else [],
            "explicit": bool(rng.random() < explicit),
            "markets": [str(market) for market in markets],
        }


def audio_rows(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Rows of `schema.tables.AUDIO`, by number: the latent vectors, blurred."""
    seed = catalogue.world.seed
    rng = np.random.default_rng([seed, AUDIO])
    directions = rng.normal(0, 1, (DIMENSIONS, len(DESCRIPTORS)))
    directions /= np.linalg.norm(directions, axis=0)
    order = np.argsort(catalogue.number)
    for first in range(0, len(order), _BLOCK):
        tracks = order[first : first + _BLOCK]
        signal = SIGNAL * catalogue.vectors[tracks].astype(np.float64) @ directions
        heard = expit(signal + rng.normal(0, NOISE, signal.shape))
        heard[:, DESCRIPTORS.index("loudness")] *= 28
        heard[:, DESCRIPTORS.index("loudness")] -= 30
        heard[:, DESCRIPTORS.index("tempo")] *= 120
        heard[:, DESCRIPTORS.index("tempo")] += 60
        is_analysed = rng.random(len(tracks)) < _ANALYSED
        for track, values, analysed in zip(
            tracks.tolist(), heard.tolist(), is_analysed.tolist(), strict=True
        ):
            if analysed:
                yield {
                    "track_uri": names.uri(seed, "track", int(catalogue.number[track])),
                    **dict(zip(DESCRIPTORS, values, strict=True)),
                }

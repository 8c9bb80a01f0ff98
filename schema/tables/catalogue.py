"""The tables that describe tracks and listeners' ties: their columns."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

TRACKS_FILE: Final = "tracks.parquet"
AUDIO_FILE: Final = "audio.parquet"
FOLLOWS_FILE: Final = "follows.parquet"

_WORDS: Final = pa.list_(pa.field("item", pa.string(), nullable=False))

#: A row a track of the catalogue, in playlists or not.
TRACKS: Final = pa.schema(
    [
        pa.field("track_uri", pa.string(), nullable=False),
        pa.field("track_name", pa.string(), nullable=False),
        pa.field("artist_uri", pa.string(), nullable=False),
        pa.field("artist_name", pa.string(), nullable=False),
        pa.field("album_uri", pa.string()),
        pa.field("album_name", pa.string()),
        pa.field("duration_ms", pa.int32(), nullable=False),
        pa.field("release_date", pa.date32()),
        pa.field("genres", _WORDS),  # those that prevail first
        pa.field("descriptors", _WORDS),  # words for its mood
        pa.field("explicit", pa.bool_()),
        pa.field("markets", _WORDS),  # ISO 3166-1 codes of countries where it may be played
    ]
)

#: Audio descriptors: numbers from 0 to 1 but for loudness (decibels, at most 0) and tempo (beats a
#: minute).
DESCRIPTORS: Final = (
    *("acousticness", "danceability", "energy", "instrumentalness"),
    *("liveness", "loudness", "speechiness", "tempo", "valence"),
)

#: A row a track that was listened to by the analysis.
AUDIO: Final = pa.schema(
    [
        pa.field("track_uri", pa.string(), nullable=False),
        *(pa.field(name, pa.float32()) for name in DESCRIPTORS),
    ]
)

#: A row a tie: who follows whom, a listener or an artist, as of the event.
FOLLOWS: Final = pa.schema(
    [
        pa.field("listener_id", pa.string(), nullable=False),
        pa.field("followed_listener", pa.string()),
        pa.field("followed_artist", pa.string()),
        pa.field("since", pa.timestamp("us", tz="UTC")),
    ]
)

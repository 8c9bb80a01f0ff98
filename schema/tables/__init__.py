"""Tables in Parquet: tracks, audio, follows, recommendations, plays; how old ones are read."""

from schema.tables.catalogue import (
    AUDIO,
    AUDIO_FILE,
    DESCRIPTORS,
    FOLLOWS,
    FOLLOWS_FILE,
    TRACKS,
    TRACKS_FILE,
)
from schema.tables.conform import TableError, conform
from schema.tables.plays import COUNTED, PLAYS, TRENDING, TRENDING_NAME
from schema.tables.recommendations import RECOMMENDATIONS

__all__ = [
    "AUDIO",
    "AUDIO_FILE",
    "COUNTED",
    "DESCRIPTORS",
    "FOLLOWS",
    "FOLLOWS_FILE",
    "PLAYS",
    "RECOMMENDATIONS",
    "TRACKS",
    "TRACKS_FILE",
    "TRENDING",
    "TRENDING_NAME",
    "TableError",
    "conform",
]

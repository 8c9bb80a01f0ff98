"""Tables in Parquet: tracks, audio, follows, recommendations; how those of other times are read."""

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
from schema.tables.recommendations import RECOMMENDATIONS

__all__ = [
    "AUDIO",
    "AUDIO_FILE",
    "DESCRIPTORS",
    "FOLLOWS",
    "FOLLOWS_FILE",
    "RECOMMENDATIONS",
    "TRACKS",
    "TRACKS_FILE",
    "TableError",
    "conform",
]

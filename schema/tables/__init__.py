"""Tables in Parquet: tracks, audio and follows, and how tables of other times are read."""

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

__all__ = [
    "AUDIO",
    "AUDIO_FILE",
    "DESCRIPTORS",
    "FOLLOWS",
    "FOLLOWS_FILE",
    "TRACKS",
    "TRACKS_FILE",
    "TableError",
    "conform",
]

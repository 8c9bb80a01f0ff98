"""Events land: from Kafka or a directory to hourly Parquet, each exactly once."""

from listening.events.directory import DirectorySource
from listening.events.landing import Counts, Watcher, land
from listening.events.options import LandingOptions
from listening.events.sources import Chunk, Origin, Source, SourceError

__all__ = [
    "Chunk",
    "Counts",
    "DirectorySource",
    "LandingOptions",
    "Origin",
    "Source",
    "SourceError",
    "Watcher",
    "land",
    "reading",
]

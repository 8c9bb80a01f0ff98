"""Events land: from Kafka or a directory to hourly Parquet, each exactly once."""

from listening.events.announcing import Announcer
from listening.events.directory import DirectorySource, lines_of
from listening.events.landing import Counts, Watcher, land
from listening.events.metrics import LandingMetrics
from listening.events.metrics import served as metrics_served
from listening.events.options import LandingOptions
from listening.events.sources import Chunk, Origin, Source, SourceError

__all__ = [
    "Announcer",
    "Chunk",
    "Counts",
    "DirectorySource",
    "LandingMetrics",
    "LandingOptions",
    "Origin",
    "Source",
    "SourceError",
    "Watcher",
    "erasing",
    "kafka",
    "land",
    "lines_of",
    "metrics_served",
    "placing",
    "reading",
]

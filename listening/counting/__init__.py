"""Landed events are counted by hour and track; what was heard lately trends."""

from listening.counting.hours import CountedHour, counted, read_counts
from listening.counting.job import Counted, CountOptions, count
from listening.counting.trending import Trending, trending

__all__ = [
    "CountOptions",
    "Counted",
    "CountedHour",
    "Trending",
    "count",
    "counted",
    "read_counts",
    "trending",
]

"""Segments: each listener is in one, by rules that files name."""

from listening.segments.job import SegmentsBuilt, build
from listening.segments.rules import Rule, Segment, SegmentsError, load

__all__ = ["Rule", "Segment", "SegmentsBuilt", "SegmentsError", "build", "load"]

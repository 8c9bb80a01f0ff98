"""Listeners of a synthetic world: what they do, and how they respond to what they are shown."""

from sample.listeners.clicks import ClickModel
from sample.listeners.kinds import MAX_DAYS, MAX_LISTENERS, START, WorldSize
from sample.listeners.responses import Responses, respond
from sample.listeners.shown import of_events, of_recommendations
from sample.listeners.writer import write_world

__all__ = [
    "MAX_DAYS",
    "MAX_LISTENERS",
    "START",
    "ClickModel",
    "Responses",
    "WorldSize",
    "of_events",
    "of_recommendations",
    "respond",
    "write_world",
]

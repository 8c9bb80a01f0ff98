"""Kafka: the adapter of the source, what produces events, and what announces landed hours."""

__all__ = [
    "announcing",
    "client",
    "consuming",
    "mock",
    "producing",
    "sending",
    "settings",
    "trouble",
]

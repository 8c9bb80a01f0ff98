"""Finds the model that a candidate has to measure up to."""

__all__ = ["component", "driver", "seen"]

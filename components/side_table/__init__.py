"""Brings a side table, such as tracks that trend, into the run as an artifact."""

__all__ = ["artifact", "component"]

"""Pushes a blessed model to where it is served from."""

__all__ = ["component"]

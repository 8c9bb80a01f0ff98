"""Checks before a submission that its project has all that it needs; each names its remedy."""

__all__ = ["checks"]

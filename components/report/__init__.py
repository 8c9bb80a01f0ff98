"""Gathers what a run found into its documents and its page."""

__all__ = ["component", "facts"]

"""Asks the exported model in a fresh server, and blesses it where each answer is right."""

__all__ = ["component", "options", "results"]

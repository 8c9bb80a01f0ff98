"""Scores every held-out playlist with every model and decides, by paired tests, what is blessed."""

__all__ = ["component", "counted", "results", "scoring"]

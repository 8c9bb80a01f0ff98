"""Retrieval metrics and configuration for the standard Evaluator."""

__all__ = ["config", "options", "refusals"]

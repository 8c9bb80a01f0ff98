"""The standard Evaluator: retrieval metrics, configuration, when it has a baseline."""

__all__ = ["component", "config", "counted", "options", "refusals"]

"""Stops a run before training when the data is not what the curated schema says."""

__all__ = ["anomalies", "component", "counted", "options", "reference"]

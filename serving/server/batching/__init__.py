"""Requests that wait for each other share a run of the model."""

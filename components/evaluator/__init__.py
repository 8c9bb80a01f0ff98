"""Retrieval metrics and configuration for the standard Evaluator."""

"""Gathers what a run found into its documents and its page."""

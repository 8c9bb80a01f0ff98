"""What ingest raises."""

from __future__ import annotations


class IngestError(RuntimeError):
    """The ingest cannot go on, or its result cannot be used; the message is for the user."""

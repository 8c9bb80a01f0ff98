"""What is raised of submissions."""

from __future__ import annotations


class SubmissionError(ValueError):
    """A submission or a file of withheld tracks that cannot be used; the message says why."""

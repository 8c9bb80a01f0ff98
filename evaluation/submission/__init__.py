"""The RecSys Challenge 2018's submissions: written, read, and scored on withheld tracks."""

from evaluation.submission.errors import SubmissionError
from evaluation.submission.files import Team, Written, read_submission, write_submission
from evaluation.submission.scoring import read_holdouts, score

__all__ = [
    "SubmissionError",
    "Team",
    "Written",
    "read_holdouts",
    "read_submission",
    "score",
    "write_submission",
]

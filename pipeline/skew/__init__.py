"""Training and serving are one: a request log against train, and against an earlier one.

`logged` reads a record, `counts` adds up, `job` does both with Beam and has TFDV describe what was
asked, `measures` compares and judges.
"""

from pipeline.skew.job import LogNotFoundError
from pipeline.skew.measures import Found, find_skew

__all__ = ["Found", "LogNotFoundError", "find_skew"]

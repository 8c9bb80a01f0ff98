"""The report's sections, in reading order: each turns results into what its template shows."""

__all__ = [
    "behaviour",
    "data",
    "differences",
    "examples",
    "provider",
    "quality",
    "run",
    "training",
    "verdict",
]

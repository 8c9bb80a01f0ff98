"""Whether a difference between two recommenders is real: paired by playlist, tested, bounded."""

__all__ = ["compare", "family", "result"]

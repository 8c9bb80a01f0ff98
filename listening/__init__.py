"""What listeners do: their events, landed, and counts of them."""

__all__ = ["counting", "events"]

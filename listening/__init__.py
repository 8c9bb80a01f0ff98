"""What listeners do: their events, landed, and counts of them; how a listener is erased."""

__all__ = ["counting", "erasure", "events", "tables"]

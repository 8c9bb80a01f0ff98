"""What listeners do: their events, landed, and counts and features of them; how one is erased."""

__all__ = ["counting", "erasure", "events", "features", "tables"]

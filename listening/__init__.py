"""What listeners do: their events, landed."""

__all__ = ["events"]

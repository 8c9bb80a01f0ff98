"""Statistics of each span, by which one is compared with the next."""

__all__ = ["component", "executor"]

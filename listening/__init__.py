"""What listeners do: their events, landed; counts, features and segments; how one is erased."""

__all__ = [
    "counting",
    "erasure",
    "events",
    "features",
    "held_out",
    "segments",
    "store",
    "tables",
    "versions",
]

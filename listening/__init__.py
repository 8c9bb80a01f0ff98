"""What listeners do: events, counts, features, segments, recommendations; how one is erased."""

__all__ = [
    "counting",
    "erasure",
    "events",
    "features",
    "held_out",
    "recommending",
    "segments",
    "store",
    "tables",
    "versions",
]

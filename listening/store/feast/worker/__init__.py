"""What runs in Feast's own environment: it answers one JSON line with another.

It imports Feast and nothing of ours but itself: Feast's packages and TFX's exclude each other.
"""

__all__: list[str] = []

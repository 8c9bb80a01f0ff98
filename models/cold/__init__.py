"""Tracks that no playlist holds: recommended by how they sound."""

from models.cold.extending import extend
from models.cold.scorer import ColdScorer

__all__ = ["ColdScorer", "extend"]

"""What the second stage knows about a candidate, beside a playlist's seeds."""

from models.families.two_stage.features.candidates import Found, Shown
from models.families.two_stage.features.description import NAMES, CandidateFeatures
from models.families.two_stage.features.sources import Sources

__all__ = ["NAMES", "CandidateFeatures", "Found", "Shown", "Sources"]

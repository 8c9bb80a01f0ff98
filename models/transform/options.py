"""What enters a vocabulary."""

from __future__ import annotations

import pydantic

from schema import features
from schema.options import Count, Options


class TransformOptions(Options):
    """How often a value occurs in train before it enters its vocabulary."""

    min_track_count: Count = pydantic.Field(1, description="of a track; rarer ones are unknown")
    min_artist_count: Count = pydantic.Field(1, description="of an artist")
    min_album_count: Count = pydantic.Field(2, description="of an album")
    min_title_ngram_count: Count = pydantic.Field(2, description="of a title's n-gram")

    def min_counts(self) -> dict[str, int]:
        """The thresholds by vocabulary name."""
        return {
            features.TRACK_VOCABULARY: self.min_track_count,
            features.ARTIST_VOCABULARY: self.min_artist_count,
            features.ALBUM_VOCABULARY: self.min_album_count,
            features.TITLE_VOCABULARY: self.min_title_ngram_count,
        }

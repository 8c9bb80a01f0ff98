"""Tables in Parquet: tracks, audio, follows, recommendations, plays, features; reading old ones."""

from schema.tables.catalogue import (
    AUDIO,
    AUDIO_FILE,
    DESCRIPTORS,
    FOLLOWS,
    FOLLOWS_FILE,
    TRACKS,
    TRACKS_FILE,
)
from schema.tables.conform import TableError, conform
from schema.tables.features import (
    AUDIO_EMBEDDINGS,
    AUDIO_NAME,
    FEATURE_VIEWS,
    HEARD,
    LISTENER_VECTORS,
    LISTENING_HISTORY,
    SEGMENTS,
    SOCIAL_GRAPH,
    TRACK_VECTORS,
    WINDOW_COUNTS,
    WINDOWS,
    FeatureView,
    feature_view,
)
from schema.tables.plays import COUNTED, PLAYS, TRENDING, TRENDING_NAME
from schema.tables.recommendations import (
    AUDIENCE,
    RECOMMENDATIONS,
    RECOMMENDATIONS_NAME,
    SET_ASIDE,
    SET_ASIDE_REASONS,
)

__all__ = [
    "AUDIENCE",
    "AUDIO",
    "AUDIO_EMBEDDINGS",
    "AUDIO_FILE",
    "AUDIO_NAME",
    "COUNTED",
    "DESCRIPTORS",
    "FEATURE_VIEWS",
    "FOLLOWS",
    "FOLLOWS_FILE",
    "HEARD",
    "LISTENER_VECTORS",
    "LISTENING_HISTORY",
    "PLAYS",
    "RECOMMENDATIONS",
    "RECOMMENDATIONS_NAME",
    "SEGMENTS",
    "SET_ASIDE",
    "SET_ASIDE_REASONS",
    "SOCIAL_GRAPH",
    "TRACKS",
    "TRACKS_FILE",
    "TRACK_VECTORS",
    "TRENDING",
    "TRENDING_NAME",
    "WINDOWS",
    "WINDOW_COUNTS",
    "FeatureView",
    "TableError",
    "conform",
    "feature_view",
]

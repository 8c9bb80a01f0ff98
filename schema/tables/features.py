"""Features of listeners and tracks: the columns of each view, as of a time.

A partition of a view is a side table (`schema.side_tables`). Its `as_of` is the cut: nothing that
happened then or later is in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import pyarrow as pa

_TIME: Final = pa.timestamp("us", tz="UTC")
_WORDS: Final = pa.list_(pa.field("item", pa.string(), nullable=False))
_TIMES: Final = pa.list_(pa.field("item", _TIME, nullable=False))
_COUNTS: Final = pa.list_(pa.field("item", pa.int64(), nullable=False))
_NUMBERS: Final = pa.list_(pa.field("item", pa.float64(), nullable=False))
_VECTOR: Final = pa.list_(pa.field("item", pa.float32(), nullable=False))

#: Windows in days before the cut; columns that count end in `_1d` and so on.
WINDOWS: Final = (1, 7, 28)
#: What is counted by listener and window, in order.
WINDOW_COUNTS: Final = (
    *("plays", "streams", "skips", "saves", "playlist_adds", "sessions", "active_days"),
)
_LONGEST: Final = f"{WINDOWS[-1]}d"


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


#: A row a listener with an event in the days that were read. Plays are streams and skips; what is
#: said of tracks, artists and genres is said of streams.
LISTENING_HISTORY: Final = pa.schema(
    [
        _required("listener_id", pa.string()),
        _required("first_seen", _TIME),
        _required("last_seen", _TIME),
        _required("days_known", pa.float64()),
        pa.field("hours_since_play", pa.float64()),
        *(
            field
            for days in WINDOWS
            for field in (
                *(_required(f"{name}_{days}d", pa.int64()) for name in WINDOW_COUNTS),
                _required(f"minutes_{days}d", pa.float64()),
                pa.field(f"skip_rate_{days}d", pa.float64()),
                pa.field(f"save_rate_{days}d", pa.float64()),
            )
        ),
        _required(f"tracks_{_LONGEST}", pa.int64()),
        _required(f"artists_{_LONGEST}", pa.int64()),
        _required(f"genres_{_LONGEST}", pa.int64()),
        pa.field(f"unknown_share_{_LONGEST}", pa.float64()),
        pa.field(f"artist_entropy_{_LONGEST}", pa.float64()),
        pa.field(f"genre_entropy_{_LONGEST}", pa.float64()),
        pa.field("top_genre_share", pa.float64()),
        _required("top_artists", _WORDS),
        _required("top_artist_streams", _COUNTS),
        _required("top_genres", _WORDS),
        _required("top_genre_streams", _COUNTS),
        _required("seed_uris", _WORDS),
        _required("seed_times", _TIMES),
    ]
)

#: A row a listener who ever played something. A track that was only skipped has no stream.
HEARD: Final = pa.schema(
    [
        _required("listener_id", pa.string()),
        _required("track_uris", _WORDS),
        _required("streams", _COUNTS),
    ]
)

#: A row a listener who follows somebody, or is followed.
SOCIAL_GRAPH: Final = pa.schema(
    [
        _required("listener_id", pa.string()),
        _required("following", pa.int64()),
        _required("followers", pa.int64()),
        _required("mutual", pa.int64()),
        _required("following_artists", pa.int64()),
        pa.field("mean_similarity", pa.float64()),
        pa.field("best_similarity", pa.float64()),
        _required("neighbours", _WORDS),
        _required("similarities", _NUMBERS),
        _required("followed_artists", _WORDS),
    ]
)

#: The view of tracks that were analysed.
AUDIO_NAME: Final = "audio_embeddings"

#: A row a track that was analysed. All rows of a partition are of one `space`.
AUDIO_EMBEDDINGS: Final = pa.schema(
    [
        _required("track_uri", pa.string()),
        _required("space", pa.string()),
        _required("vector", _VECTOR),
        _required("missing", _WORDS),
    ]
)

#: A row a track of the model's catalogue.
TRACK_VECTORS: Final = pa.schema(
    [
        _required("track_uri", pa.string()),
        _required("model_version", pa.string()),
        _required("vector", _VECTOR),
    ]
)

#: A row a listener of whose last tracks the model knows one at least.
LISTENER_VECTORS: Final = pa.schema(
    [
        _required("listener_id", pa.string()),
        _required("model_version", pa.string()),
        _required("vector", _VECTOR),
        _required("seeds", pa.int64()),
        _required("seeds_known", pa.int64()),
    ]
)

#: A row a listener: the one segment of each, since when, and by which rule.
SEGMENTS: Final = pa.schema(
    [
        _required("listener_id", pa.string()),
        _required("segment", pa.string()),
        _required("since", _TIME),
        _required("why", pa.string()),
    ]
)


@dataclasses.dataclass(frozen=True)
class FeatureView:
    """A table of features.

    Attributes:
        name: of its folder, and of its side tables.
        key: the column that names what a row is about; rows are in its order, none twice.
        schema: its columns.
        space: the column that says what vectors may be compared; None where there are no vectors.
            All rows of a partition have one value there.
        listeners: columns that hold pseudonyms, alone or in lists.
        group_rows: of a row group, fewer where rows are long: a group is read and written whole.
    """

    name: str
    key: str
    schema: pa.Schema
    space: str | None = None
    listeners: tuple[str, ...] = ()
    group_rows: int = 32_768


_LISTENER: Final = ("listener_id",)

#: Every view, by name.
FEATURE_VIEWS: Final[Mapping[str, FeatureView]] = {
    view.name: view
    for view in (
        FeatureView("listening_history", "listener_id", LISTENING_HISTORY, listeners=_LISTENER),
        FeatureView("heard", "listener_id", HEARD, listeners=_LISTENER, group_rows=2_048),
        FeatureView(
            "social_graph", "listener_id", SOCIAL_GRAPH, listeners=(*_LISTENER, "neighbours")
        ),
        FeatureView(AUDIO_NAME, "track_uri", AUDIO_EMBEDDINGS, "space"),
        FeatureView("track_vectors", "track_uri", TRACK_VECTORS, "model_version"),
        FeatureView(
            "listener_vectors", "listener_id", LISTENER_VECTORS, "model_version", _LISTENER
        ),
        FeatureView("segments", "listener_id", SEGMENTS, listeners=_LISTENER),
    )
}


def feature_view(name: str) -> FeatureView:
    """A view by its name.

    Raises:
        ValueError: there is none.
    """
    if name not in FEATURE_VIEWS:
        raise ValueError(f"there is no view {name}; there are {', '.join(FEATURE_VIEWS)}")
    return FEATURE_VIEWS[name]

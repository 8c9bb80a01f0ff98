"""The one spelling of every feature: raw (contract C4), held-out and transformed."""

from __future__ import annotations

from typing import Final

# Features of a playlist.
PID: Final = "pid"
NAME: Final = "name"
DESCRIPTION: Final = "description"
COLLABORATIVE: Final = "collaborative"
MODIFIED_AT: Final = "modified_at"
NUM_FOLLOWERS: Final = "num_followers"
NUM_EDITS: Final = "num_edits"
DURATION_MS: Final = "duration_ms"

# Features of its tracks: aligned lists in playlist order, or absent as a whole.
TRACK_URI: Final = "track_uri"
TRACK_NAME: Final = "track_name"
ARTIST_URI: Final = "artist_uri"
ARTIST_NAME: Final = "artist_name"
ALBUM_URI: Final = "album_uri"
ALBUM_NAME: Final = "album_name"
TRACK_DURATION_MS: Final = "track_duration_ms"

PLAYLIST_INTS: Final = (MODIFIED_AT, NUM_FOLLOWERS, NUM_EDITS, DURATION_MS)
TRACK_BYTES: Final = (TRACK_URI, TRACK_NAME, ARTIST_URI, ARTIST_NAME, ALBUM_URI, ALBUM_NAME)
TRACK_INTS: Final = (TRACK_DURATION_MS,)
TRACK_FEATURES: Final = TRACK_BYTES + TRACK_INTS

# Features of a listener, whose tracks are what was streamed, in the order of time, repeats kept.
LISTENER_SEGMENT: Final = "listener_segment"
LISTENER_SEEN: Final = "listener_seen"  # so many of the first tracks were streamed before the cut
LISTENER_FEATURES: Final = "listener_features"  # a number for each of LISTENER_COLUMNS
#: Columns of LISTENING_HISTORY, as of the cut; what is null there is NaN here.
LISTENER_COLUMNS: Final = (
    *("skip_rate_28d", "save_rate_28d", "artist_entropy_28d", "genre_entropy_28d"),
    *("days_known", "streams_7d", "streams_28d", "tracks_28d"),
)
#: What names of segments look like.
SEGMENT_NAME: Final = "^[a-z][a-z0-9_]{0,63}$"

# What the holdout component adds to a held-out playlist, whose track features are its seeds only.
# The lists are aligned, in playlist order and without repeats.
HOLDOUT_TRACK_URI: Final = "holdout_track_uri"
HOLDOUT_ARTIST: Final = "holdout_artist"
HOLDOUT_TRAIN_COUNT: Final = "holdout_train_count"  # playlists of train and stop that hold it
SCENARIO: Final = "scenario"
NUM_SEEDS: Final = "num_seeds"
NUM_HOLDOUTS: Final = "num_holdouts"
# Slices for TFMA, as readable buckets such as "6-10".
SEEDS_BUCKET: Final = "seeds_bucket"
LENGTH_BUCKET: Final = "length_bucket"
POPULARITY_BUCKET: Final = "popularity_bucket"

TITLE_NGRAMS: Final = "title_ngrams"  # derived from NAME
FOLLOWERS: Final = "followers"  # NUM_FOLLOWERS as it is, 0 where unknown

# Names of the vocabularies that Transform writes (of train and stop, with frequencies).
TRACK_VOCABULARY: Final = "tracks"
ARTIST_VOCABULARY: Final = "artists"
ALBUM_VOCABULARY: Final = "albums"
TITLE_VOCABULARY: Final = "title_ngrams"
CATALOGUE_VOCABULARY: Final = "catalogue"  # one line a track with its names, tab-separated

URI_PREFIX: Final = "spotify:track:"


def transformed_name(key: str) -> str:
    """Name of a feature after Transform."""
    return f"{key}_xf"

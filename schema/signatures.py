"""Contract C3: the signatures of every exported model, their tensors and their limits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

#: Continues playlists that are given by title and tracks.
SERVING_DEFAULT: Final = "serving_default"
#: Continues playlists that are given as serialised raw `tf.train.Example`s (contract C4).
SERVING_EXAMPLES: Final = "serving_examples"
#: Recommends to listeners, who are given by what they streamed. Not every model has it.
SERVING_LISTENER: Final = "serving_listener"
#: Describes tracks.
TRACK_METADATA: Final = "track_metadata"

#: Of models whose scores begin with dot products: vectors of playlists, given as to
#: SERVING_DEFAULT, and of tracks. Other models have no such signatures.
PLAYLIST_VECTORS: Final = "playlist_vectors"
TRACK_VECTORS: Final = "track_vectors"

# Tensors, by the name that requests and answers use.
NAME: Final = "name"
TRACK_URIS: Final = "track_uris"
EXAMPLES: Final = "examples"
TIMESTAMPS: Final = "timestamps"
FEATURES: Final = "features"
EXCLUDE_URIS: Final = "exclude_uris"
SCORES: Final = "scores"
TRACK_NAME: Final = "track_name"
ARTIST_NAME: Final = "artist_name"
PLAYLISTS: Final = "playlists"
VECTORS: Final = "vectors"
TRACKS_KNOWN: Final = "tracks_known"

#: A model recommends K = min(MAX_RECOMMENDATIONS, catalogue) tracks. Metrics judge lists this deep
#: and the RecSys Challenge 2018 asks for as many.
MAX_RECOMMENDATIONS: Final = 500

#: TFRecords of `PredictionLog` in a SavedModel, which TF Serving runs before the model serves.
WARMUP_FILE: Final = "assets.extra/tf_serving_warmup_requests"
#: TF Serving refuses a model with more of them.
MAX_WARMUP_REQUESTS: Final = 1000


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What a signature declares of a tensor.

    Attributes:
        dtype: as TensorFlow names it, "string", "float32" or "int64".
        shape: a letter for each dimension; the same letter is the same size within a signature.
    """

    dtype: str
    shape: str


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a signature, by name."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


_RECOMMENDATIONS: Final = {TRACK_URIS: Tensor("string", "BK"), SCORES: Tensor("float32", "BK")}

#: B playlists, S tracks of the longest one (0 is allowed; shorter ones end in ""), N tracks.
SIGNATURES: Final[Mapping[str, Signature]] = {
    SERVING_DEFAULT: Signature(
        {NAME: Tensor("string", "B"), TRACK_URIS: Tensor("string", "BS")}, _RECOMMENDATIONS
    ),
    SERVING_EXAMPLES: Signature({EXAMPLES: Tensor("string", "B")}, _RECOMMENDATIONS),
    TRACK_METADATA: Signature(
        {TRACK_URIS: Tensor("string", "N")},
        {
            TRACK_NAME: Tensor("string", "N"),
            ARTIST_NAME: Tensor("string", "N"),
            PLAYLISTS: Tensor("int64", "N"),
        },
    ),
}

#: What a model may have besides. Of listeners, S are the streams of the longest history, repeats
#: among them, with times in Unix seconds (0 is unknown: such streams come first, in the order
#: given), F features in the order of `schema.features.LISTENER_COLUMNS` (NaN is unknown; or none),
#: and E tracks to exclude. D is the length of a model's vectors; the vector of a track that it does
#: not know is all zeros.
OPTIONAL_SIGNATURES: Final[Mapping[str, Signature]] = {
    SERVING_LISTENER: Signature(
        {
            TRACK_URIS: Tensor("string", "BS"),
            TIMESTAMPS: Tensor("int64", "BS"),
            FEATURES: Tensor("float32", "BF"),
            EXCLUDE_URIS: Tensor("string", "BE"),
        },
        _RECOMMENDATIONS,
    ),
    PLAYLIST_VECTORS: Signature(
        {NAME: Tensor("string", "B"), TRACK_URIS: Tensor("string", "BS")},
        {VECTORS: Tensor("float32", "BD"), TRACKS_KNOWN: Tensor("int64", "B")},
    ),
    TRACK_VECTORS: Signature(
        {TRACK_URIS: Tensor("string", "N")}, {VECTORS: Tensor("float32", "ND")}
    ),
}

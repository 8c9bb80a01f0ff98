"""The schema of held-out playlists: the curated one and the features that holding out adds."""

from __future__ import annotations

from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2

from schema import features

_ADDED_BYTES: Final = (
    features.HOLDOUT_TRACK_URI,
    features.HOLDOUT_ARTIST,
    features.SCENARIO,
    features.SEEDS_BUCKET,
    features.LENGTH_BUCKET,
    features.POPULARITY_BUCKET,
)
_ADDED_INTS: Final = (features.HOLDOUT_TRAIN_COUNT, features.NUM_SEEDS, features.NUM_HOLDOUTS)


def held_out_schema(curated: schema_pb2.Schema) -> schema_pb2.Schema:
    """Adds the features of held-out playlists, all optional, as train playlists have none."""
    schema = schema_pb2.Schema()
    schema.CopyFrom(curated)
    for names, kind in ((_ADDED_BYTES, schema_pb2.BYTES), (_ADDED_INTS, schema_pb2.INT)):
        for name in names:
            feature = schema.feature.add(name=name, type=kind)
            feature.value_count.min = 0
    return schema

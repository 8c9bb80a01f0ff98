from __future__ import annotations

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schema import features
from schema.curated import curated_schema_path


def read(*, listeners: bool) -> schema_pb2.Schema:
    with open(curated_schema_path(listeners=listeners), encoding="utf-8") as file:
        return text_format.Parse(file.read(), schema_pb2.Schema())


def test_listeners_need_no_titles_have_a_time_of_their_run_and_all_else_as_playlists():
    playlists, listeners = read(listeners=False), read(listeners=True)
    (name,) = [feature for feature in playlists.feature if feature.name == features.NAME]
    assert name.presence.min_fraction == 0.5
    name.ClearField("presence")
    (changed,) = [each for each in playlists.feature if each.name == features.MODIFIED_AT]
    assert changed.drift_comparator.jensen_shannon_divergence.threshold == 0.3
    changed.ClearField("drift_comparator")
    assert playlists == listeners


def test_numbers_of_a_listener_are_as_many_as_columns():
    (found,) = [f for f in read(listeners=True).feature if f.name == features.LISTENER_FEATURES]
    assert found.value_count.min == found.value_count.max == len(features.LISTENER_COLUMNS)

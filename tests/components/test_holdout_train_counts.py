import collections

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from components.holdout import train_counts
from schema import features

_LISTS = st.lists(st.one_of(st.none(), st.lists(st.binary(max_size=1), max_size=5)), max_size=8)


@given(_LISTS)
def test_each_playlist_counts_once_a_track(lists):
    counted = train_counts.playlists_by_track(pa.array(lists, pa.large_list(pa.large_binary())))
    found = dict(zip(counted["track"].to_pylist(), counted["playlists"].to_pylist(), strict=True))
    assert found == collections.Counter(uri for uris in lists for uri in set(uris or ()))


def playlist(*uris: str) -> bytes:
    example = tf.train.Example()
    example.features.feature[features.PID].bytes_list.value[:] = [b"1"]
    if uris:
        found = [uri.encode() for uri in uris]
        example.features.feature[features.TRACK_URI].bytes_list.value[:] = found
    return example.SerializeToString()


def test_bundles_are_added_up(monkeypatch):
    monkeypatch.setattr(train_counts, "_WAITING", 2)
    monkeypatch.setattr(train_counts, "_KEPT", 2)
    records = [playlist("a", "b", "a"), playlist(), playlist("a"), playlist("c")]
    with beam.Pipeline() as pipeline:
        counting = beam.ParDo(train_counts.CountTracks("x", "amounts"))
        counts = (
            pipeline
            | beam.Create(records)
            | beam.BatchElements(2, 2)
            | counting.with_outputs("amounts", main="tracks")
        )
        summed = counts["tracks"] | "Tracks" >> beam.CombinePerKey(sum)
        assert_that(summed, equal_to([(b"a", 2), (b"b", 1), (b"c", 1)]), "tracks")
        sums = beam.combiners.TupleCombineFn(sum, sum)
        amounts = counts["amounts"] | "Amounts" >> beam.CombinePerKey(sums)
        assert_that(amounts, equal_to([("x", (4, 5))]), "amounts")

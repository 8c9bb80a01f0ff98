from __future__ import annotations

import io

import pytest
import tensorflow as tf

from components.ingest import examples, tfrecords
from components.ingest.validation import validate

RAW = {
    "pid": 3,
    "name": "é",
    "num_followers": 2,
    "tracks": [{"track_uri": "spotify:track:" + letter * 22, "duration_ms": 9} for letter in "ab"],
}


def test_a_playlist_as_an_example():
    example = examples.to_example(validate(RAW))
    feature = example.features.feature
    assert feature["pid"].bytes_list.value == [b"3"]
    assert feature["name"].bytes_list.value == ["é".encode()]
    assert feature["num_followers"].int64_list.value == [2]
    assert feature["track_duration_ms"].int64_list.value == [9, 9]
    assert len(feature["track_uri"].bytes_list.value) == 2
    assert "description" not in feature
    assert tf.train.Example.FromString(examples.serialize(validate(RAW))) == example


def test_tensorflow_reads_the_records(tmp_path):
    path = str(tmp_path / "x.tfrecord.gz")
    records = [b"", b"one", b"two" * 10_000]
    with tfrecords.create_gzip(path) as stream:
        for record in records:
            tfrecords.write_record(stream, record)
    read = tf.data.TFRecordDataset(path, compression_type="GZIP")
    assert list(read.as_numpy_iterator()) == records
    with tfrecords.open_gzip(path) as stream:
        assert list(tfrecords.read_records(stream)) == records


def test_a_file_without_records_is_valid(tmp_path):
    path = str(tmp_path / "x.tfrecord.gz")
    with tfrecords.create_gzip(path):
        pass
    assert list(tf.data.TFRecordDataset(path, compression_type="GZIP")) == []


def test_the_same_records_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        with tfrecords.create_gzip(str(tmp_path / name)) as stream:
            tfrecords.write_record(stream, b"x")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("cut", "flipped", "message"),
    [(-1, None, "truncated"), (5, None, "truncated"), (None, 0, "damaged"), (None, 13, "damaged")],
)
def test_damage_is_noticed(cut, flipped, message):
    # 8 bytes of length, 4 of checksum, 3 of data from byte 12 on, 4 of checksum.
    stream = io.BytesIO()
    tfrecords.write_record(stream, b"abc")
    content = bytearray(stream.getvalue())
    assert len(content) == 19
    if flipped is not None:
        content[flipped] ^= 1
    with pytest.raises(ValueError, match=message):
        list(tfrecords.read_records(io.BytesIO(bytes(content[:cut]))))

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.holdout import executor
from schema import features
from schema.curated import curated_schema


def example(pid: int, uris: list[str]) -> bytes:
    result = tf.train.Example()
    result.features.feature[features.PID].bytes_list.value[:] = [b"%d" % pid]
    result.features.feature[features.NAME].bytes_list.value[:] = [b"title"]
    result.features.feature[features.TRACK_URI].bytes_list.value[:] = [u.encode() for u in uris]
    return result.SerializeToString()


def write(path, records):
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for record in records:
            writer.write(record)


def read(folder) -> list[tf.train.Example]:
    files = sorted(str(path) for path in folder.glob("*.gz"))
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return [tf.train.Example.FromString(record) for record in dataset.as_numpy_iterator()]


@pytest.fixture(scope="module")
def held_out(tmp_path_factory, root):
    folder = tmp_path_factory.mktemp("holdout")
    train = [example(1, ["a", "b", "a"]), example(2, ["a", "c"])]
    evaluation = [example(pid, ["a", "b", "c", "new"]) for pid in range(10, 40)]
    write(folder / "in" / "Split-train" / "data-0.gz", train)
    write(folder / "in" / "Split-eval" / "data-0.gz", [*evaluation, example(99, [])])
    source = standard_artifacts.Examples()
    source.uri, source.split_names = (
        str(folder / "in"),
        artifact_utils.encode_split_names(["train", "eval"]),
    )
    schema = standard_artifacts.Schema()
    schema.uri = str(root / "schema")
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.pbtxt").write_text(curated_schema())
    schema.uri = str(folder / "schema")
    target, target_schema = standard_artifacts.Examples(), standard_artifacts.Schema()
    target.uri, target_schema.uri = str(folder / "out"), str(folder / "out-schema")
    executor.Executor().Do(
        {"examples": [source], "schema": [schema]},
        {"held_out": [target], "held_out_schema": [target_schema]},
        {"seed": 3},
    )
    return folder, target


def test_the_component_says_what_it_withheld(held_out):
    _, target = held_out
    summary = target.get_string_custom_property("summary")
    assert summary == "tracks of eval withheld in 10 scenarios"


def test_train_is_passed_on_byte_by_byte(held_out):
    folder, _ = held_out
    name = "Split-train/data-0.gz"
    assert (folder / "out" / name).read_bytes() == (folder / "in" / name).read_bytes()


def test_no_held_out_playlist_gets_lost(held_out):
    folder, target = held_out
    pids = [
        int(e.features.feature[features.PID].bytes_list.value[0])
        for e in read(folder / "out" / "Split-eval")
    ]
    # 99 has no track that could be withheld.
    assert sorted(pids) == list(range(10, 40))
    assert artifact_utils.decode_split_names(target.split_names) == ["train", "eval"]


def test_counts_are_of_playlists_of_train(held_out):
    folder, _ = held_out
    expected = {b"a": 2, b"b": 1, b"c": 1, b"new": 0}
    for found in read(folder / "out" / "Split-eval"):
        values = found.features.feature
        uris = list(values[features.HOLDOUT_TRACK_URI].bytes_list.value)
        counts = list(values[features.HOLDOUT_TRAIN_COUNT].int64_list.value)
        assert counts == [expected[uri] for uri in uris]


def test_the_schema_knows_what_was_added(held_out):
    folder, _ = held_out
    schema = text_format.Parse(
        (folder / "out-schema" / "schema.pbtxt").read_text(), schema_pb2.Schema()
    )
    names = {feature.name for feature in schema.feature}
    assert {features.PID, features.HOLDOUT_TRACK_URI, features.SCENARIO} <= names

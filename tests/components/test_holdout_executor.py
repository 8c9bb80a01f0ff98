import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components.holdout import executor
from schema import features


def example(pid: int, uris: list[str]) -> bytes:
    result = tf.train.Example()
    result.features.feature[features.PID].bytes_list.value[:] = [b"%d" % pid]
    result.features.feature[features.NAME].bytes_list.value[:] = [b"title"]
    result.features.feature[features.TRACK_URI].bytes_list.value[:] = [u.encode() for u in uris]
    return result.SerializeToString(deterministic=True)


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
def held_out(tmp_path_factory):
    evaluation = [example(pid, ["a", "b", "c", "new"]) for pid in range(10, 40)]
    folder = tmp_path_factory.mktemp("holdout")
    return folder, *run(folder, [*evaluation, example(99, [])])


def run(folder, evaluation):
    """Holds out of two playlists of train, one of stop and those given; gives both outputs."""
    train = [example(1, ["a", "b", "a"]), example(2, ["a"])]
    write(folder / "in" / "Split-train" / "data-0.gz", train)
    write(folder / "in" / "Split-stop" / "data-0.gz", [example(3, ["c"])])
    write(folder / "in" / "Split-eval" / "data-0.gz", evaluation)
    write(folder / "in" / "Split-test" / "data-0.gz", [])
    source, training, target = (standard_artifacts.Examples() for _ in range(3))
    source.uri = str(folder / "in")
    source.split_names = artifact_utils.encode_split_names(["train", "stop", "eval", "test"])
    training.uri, target.uri = str(folder / "training"), str(folder / "out")
    executor.Executor().Do(
        {"examples": [source]}, {"training": [training], "held_out": [target]}, {"seed": 3}
    )
    return training, target


def test_the_component_says_what_it_withheld(held_out):
    _, _, target = held_out
    summary = target.get_string_custom_property("summary")
    assert summary == "tracks of eval and test withheld in 10 scenarios"


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_fitted_to_is_passed_on_byte_by_byte_and_alone(held_out):
    folder, training, _ = held_out
    assert artifact_utils.decode_split_names(training.split_names) == ["train", "stop"]
    names = ["Split-stop/data-0.gz", "Split-train/data-0.gz"]
    assert files(folder / "training") == {n: (folder / "in" / n).read_bytes() for n in names}


def test_other_held_out_playlists_leave_what_is_fitted_to_as_it_is(held_out, tmp_path):
    folder, _, _ = held_out
    run(tmp_path, [example(pid, ["x", "y"]) for pid in range(50, 60)])
    assert files(tmp_path / "training") == files(folder / "training")
    assert files(tmp_path / "out") != files(folder / "out")


def test_no_held_out_playlist_gets_lost(held_out):
    folder, _, target = held_out
    pids = [
        int(e.features.feature[features.PID].bytes_list.value[0])
        for e in read(folder / "out" / "Split-eval")
    ]
    # 99 has no track that could be withheld.
    assert sorted(pids) == list(range(10, 40))
    assert artifact_utils.decode_split_names(target.split_names) == ["eval", "test"]
    assert not (folder / "out" / "Split-train").exists()
    assert read(folder / "out" / "Split-test") == []


def test_counts_are_of_playlists_of_train_and_stop(held_out):
    folder, _, _ = held_out
    expected = {b"a": 2, b"b": 1, b"c": 1, b"new": 0}
    for found in read(folder / "out" / "Split-eval"):
        values = found.features.feature
        uris = list(values[features.HOLDOUT_TRACK_URI].bytes_list.value)
        counts = list(values[features.HOLDOUT_TRAIN_COUNT].int64_list.value)
        assert counts == [expected[uri] for uri in uris]

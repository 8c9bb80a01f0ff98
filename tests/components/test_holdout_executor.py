import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components import counts
from components.holdout import executor
from components.holdout.options import HoldoutOptions
from evaluation.scenarios import is_drawn
from schema import features
from schema.documents import CountsError
from tests.components.counts_fixture import counted, written


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


def run(folder, evaluation, most=None, **before):
    """Holds out of two playlists of train, one of stop and those given; gives both outputs."""
    train = [example(1, ["a", "b", "a"]), example(2, ["a"])]
    write(folder / "in" / "Split-train" / "data-0.gz", train)
    write(folder / "in" / "Split-stop" / "data-0.gz", [example(3, ["c"])])
    write(folder / "in" / "Split-eval" / "data-0.gz", evaluation)
    write(folder / "in" / "Split-test" / "data-0.gz", [])
    source, training, target = (standard_artifacts.Examples() for _ in range(3))
    source.uri = str(folder / "in")
    source.split_names = artifact_utils.encode_split_names(["train", "stop", "eval", "test"])
    entries = sum(
        len(tf.train.Example.FromString(e).features.feature[features.TRACK_URI].bytes_list.value)
        for e in evaluation
    )
    there = {"train": (2, 4), "stop": (1, 1), "eval": (len(evaluation), entries), "test": (0, 0)}
    counted(source, **{**there, **before})
    training.uri, target.uri = str(folder / "training"), str(folder / "out")
    properties = {"seed": 3, "options": HoldoutOptions(max_playlists=most).model_dump_json()}
    executor.Executor().Do(
        {"examples": [source]}, {"training": [training], "held_out": [target]}, properties
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
    passed_on = files(folder / "training")
    passed_on.pop("counts.json")
    assert passed_on == {n: (folder / "in" / n).read_bytes() for n in names}


def test_other_held_out_playlists_leave_what_is_fitted_to_as_it_is(held_out, tmp_path):
    folder, _, _ = held_out
    run(tmp_path, [example(pid, ["x", "y"]) for pid in range(50, 60)])
    for name in ("Split-train/data-0.gz", "Split-stop/data-0.gz"):
        assert files(tmp_path / "training")[name] == files(folder / "training")[name]
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


def test_playlists_and_entries_are_counted_wherever_they_go(tmp_path):
    repeated = example(1, ["a", "b", "a", "a"])
    training, target = run(tmp_path, [repeated, example(2, ["c"]), example(3, [])])
    expected = {"train": (2, 4), "stop": (1, 1), "eval": (2, 3), "test": (0, 0)}
    assert written(target) == written(training) == expected
    line = counts.read(target).stages[-1].splits["eval"]
    assert (line.read.playlists, line.read.entries) == (3, 5)
    assert {why: (n.playlists, n.entries) for why, n in line.left_out.items()} == {
        "without a track to withhold": (1, 0),
        "repeats": (0, 2),
    }
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Split-eval",
        "Split-test",
        "counts.json",
    ]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ({"train": (3, 4)}, "Holdout: train: ImportExampleGen wrote 3 playlists, 2 read: 1 lost"),
        ({"stop": (1, 3)}, "Holdout: stop: ImportExampleGen wrote 3 track entries, 1 read: 2 lost"),
        ({"eval": (1, 2)}, "Holdout: eval: ImportExampleGen wrote 1 playlists, 2 read: 1 too many"),
        ({"test": (1, 1)}, "Holdout: test: ImportExampleGen wrote 1 playlists, 0 read: 1 lost"),
    ],
)
def test_what_was_lost_on_the_way_to_it_stops_it(tmp_path, before, told):
    with pytest.raises(CountsError, match=told):
        run(tmp_path, [example(1, ["a", "b"]), example(2, ["c"])], **before)


def test_a_file_that_is_not_passed_on_stops_it(tmp_path, monkeypatch):
    original = executor.pass_on
    monkeypatch.setattr(
        executor, "pass_on", lambda paths, to: original([p for p in paths if "stop" not in p], to)
    )
    with pytest.raises((CountsError, OSError), match=r"Split-stop|Holdout: stop"):
        run(tmp_path, [example(1, ["a", "b"])])


def test_a_playlist_that_is_lost_within_it_stops_it(tmp_path, monkeypatch):
    def lossy(self, held_out):
        kept = held_out | executor.beam.Filter(lambda item: item[0] != b"11")
        return original(self, kept)

    original = executor._JoinCounts.expand
    monkeypatch.setattr(executor._JoinCounts, "expand", lossy)
    told = "Holdout: eval: 3 playlists read, 2 written, 0 repeats: 1 lost"
    with pytest.raises(CountsError, match=told):
        run(tmp_path, [example(pid, ["a", "b", "b"]) for pid in (10, 11, 12)])


def test_an_entry_that_is_lost_within_it_stops_it(tmp_path, monkeypatch):
    original = executor.held_out_examples.add_train_counts

    def lossy(playlist, found):
        result = original(playlist, found)
        del result.features.feature[features.HOLDOUT_TRACK_URI].bytes_list.value[0]
        return result

    monkeypatch.setattr(executor.held_out_examples, "add_train_counts", lossy)
    told = "Holdout: eval: 3 track entries read, 1 written: 2 lost"
    with pytest.raises(CountsError, match=told):
        run(tmp_path, [example(1, ["a", "b"]), example(2, ["c"])])


def test_examples_without_counts_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.components.test_holdout_executor.counted", lambda *_, **__: None)
    with pytest.raises(CountsError, match=r"counts\.json is missing"):
        run(tmp_path, [example(1, ["a", "b"])])


def test_of_more_playlists_than_wanted_about_so_many_are_drawn_and_all_are_counted(tmp_path):
    evaluation = [example(pid, ["a", "b", "c"]) for pid in range(100, 500)]
    _, held_out = run(tmp_path, evaluation, most=100)
    drawn = {pid_of(each) for each in read(tmp_path / "out" / "Split-eval")}
    expected = {b"%d" % pid for pid in range(100, 500) if is_drawn(b"%d" % pid, 3, 1 / 4)}
    assert drawn == expected
    assert 70 < len(drawn) < 130
    counted = counts.read(held_out).stages[-1].splits["eval"]
    assert counted.written.playlists == len(drawn)
    assert counted.left_out["not drawn"].playlists == 400 - len(drawn)


def pid_of(example: tf.train.Example) -> bytes:
    return example.features.feature[features.PID].bytes_list.value[0]

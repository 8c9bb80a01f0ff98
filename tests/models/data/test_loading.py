from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from models.data.loading import load_training_data
from models.data.vocabularies import read_vocabularies
from schema import features
from schema.documents import (
    COUNTS_FILE,
    Amount,
    CountsError,
    RunCounts,
    SplitCounts,
    StageCounts,
)
from tests.models.training_fixture import uri
from tests.models.transform_fixture import example, write_graph, write_records

VOCABULARIES = {
    features.TRACK_VOCABULARY: [uri(0), uri(1), uri(2)],
    features.ARTIST_VOCABULARY: ["Ann", "50 Cent"],
    features.TITLE_VOCABULARY: ["e ", " 7", "7 up "],
    features.ALBUM_VOCABULARY: ["Best of", "album"],
    features.CATALOGUE_VOCABULARY: [
        f"{uri(1)}\tOne\t50 Cent\t50 Cent\t",
        f"{uri(0)}\tZero\tAnn\tAnn\talbum",
        f"{uri(1)}\tOne, misspelt\tAnn\tAnn\t",
        f"{uri(9)}\tToo rare\tNobody\tNobody\t",
    ],
}


@pytest.fixture
def graph(tmp_path: pathlib.Path) -> tft.TFTransformOutput:
    return tft.TFTransformOutput(write_graph(tmp_path / "graph", VOCABULARIES))


def write(tmp_path: pathlib.Path, name: str, records: list[bytes]) -> str:
    tmp_path.mkdir(exist_ok=True)
    write_records(tmp_path / f"{name}-0.gz", records)
    return str(tmp_path / f"{name}-*")


def test_vocabularies_keep_spaces(graph: tft.TFTransformOutput) -> None:
    vocabularies = read_vocabularies(graph)
    assert vocabularies.title_ngrams == [b"e ", b" 7", b"7 up "]
    assert vocabularies.artists == [b"Ann", b"50 Cent"]


def test_train_drops_unknown_and_repeated_tracks(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    records = [
        example("2", [2, -1, 1, 2, 1], ngrams=[0, 0, -1, 2]),
        example("1", [0, 1]),
        example("3", []),
    ]
    loaded, _ = load_training_data([write(tmp_path, "train", records)], [], graph)
    # In order of pid: 1, 2, 3.
    train = loaded.train
    assert [train.track_ids.row(i).tolist() for i in range(3)] == [[0, 1], [2, 1], []]
    assert [train.title_ngram_ids.row(i).tolist() for i in range(3)] == [[], [0, 0, 2], []]
    assert train.track_ids.values.dtype == np.int32
    assert loaded.stop.tolist() == []
    assert train.num_followers is None
    assert train.plays is None
    assert train.listener_features is None
    assert (loaded.num_artists, loaded.num_albums, loaded.num_title_ngrams) == (2, 2, 3)


def test_listeners_have_plays_in_the_order_of_the_last_and_features(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    known = [0.5, float("nan"), 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    records = [
        example("2", [2, 0, -1, 2, 1, 0, 2], listener=known),
        example("1", [1, 0, 1]),
        example("4", [], listener=[0.0] * 8),
    ]
    stop = [example("3", [0, 0, 2])]
    loaded, _ = load_training_data(
        [write(tmp_path, "train", records)], [write(tmp_path, "stop", stop)], graph
    )
    train = loaded.train
    rows = range(4)
    assert [train.track_ids.row(i).tolist() for i in rows] == [[1, 0], [1, 0, 2], [0, 2], []]
    assert [train.plays.row(i).tolist() for i in rows] == [[1, 1], [1, 2, 3], [1, 1], []]
    nothing = [float("nan")] * 8
    np.testing.assert_array_equal(
        train.listener_features, np.array([nothing, known, nothing, [0.0] * 8], np.float32)
    )
    assert loaded.stop.tolist() == [2]
    # A playlist holds a track once, however often it was heard.
    assert loaded.catalogue.counts.tolist() == [3, 2, 2]


def test_titles_become_the_artists_that_they_name(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    vocabularies = dict(VOCABULARIES)
    vocabularies[features.CATALOGUE_VOCABULARY] = [
        f"{uri(0)}\tZero\tAnn B.\tAnn\t",
        f"{uri(1)}\tOne\tAnn B.\tAnn\t",
        f"{uri(2)}\tTwo\t50 Cent\t50 Cent\t",
    ]
    graph = tft.TFTransformOutput(write_graph(tmp_path / "named", vocabularies))
    records = [example("2", [0], title="ann b"), example("1", [1], title="50 cent and ann b")]
    stop = [example("3", [2])]
    loaded, read = load_training_data(
        [write(tmp_path, "train", records)], [write(tmp_path, "stop", stop)], graph
    )
    # 50 Cent has one track only. In order of pid:
    assert read.artist_names == [b"ann b", b""]
    assert [loaded.train.mention_ids.row(i).tolist() for i in range(3)] == [[0], [1], []]


def test_catalogue_takes_the_most_frequent_spelling(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    records = [example("1", [0, 1, 1]), example("2", [1])]
    loaded, _ = load_training_data([write(tmp_path, "train", records)], [], graph)
    catalogue = loaded.catalogue
    assert catalogue.track_uris.tolist() == [uri(track).encode() for track in range(3)]
    assert catalogue.track_names.tolist() == [b"Zero", b"One", b""]
    assert catalogue.artist_names.tolist() == [b"Ann", b"50 Cent", b""]
    assert catalogue.artist_ids.tolist() == [0, 1, -1]
    assert catalogue.album_ids.tolist() == [1, -1, -1]
    # Track 1 is in both playlists, twice in one of them; track 2 in none.
    assert catalogue.counts.tolist() == [1, 2, 0]


def test_playlists_of_stop_stand_among_the_others(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    records = [example(pid, [number % 3], [number % 2]) for number, pid in enumerate("cadbe")]
    train = write(tmp_path, "train", records[:3])
    stop = write(tmp_path, "stop", records[3:])
    loaded, _ = load_training_data([train], [stop], graph)
    # By pid: a to e, of which b and e are of stop.
    assert [loaded.train.track_ids.row(i).tolist() for i in range(5)] == [[1], [0], [0], [2], [1]]
    assert loaded.stop.tolist() == [1, 4]
    assert loaded.catalogue.counts.tolist() == [2, 2, 1]
    # What is fitted to is the same, however the line is drawn.
    whole, _ = load_training_data([write(tmp_path, "whole", records)], [], graph)
    assert dataclasses.replace(loaded, stop=whole.stop).fingerprint() == whole.fingerprint()


def written(folder: pathlib.Path, **splits: tuple[int, int]) -> None:
    """Says what Transform wrote of each split, (playlists, entries)."""
    lines = {
        split: SplitCounts(written=Amount(playlists=playlists, entries=entries))
        for split, (playlists, entries) in splits.items()
    }
    counts = RunCounts(stages=[StageCounts(stage="Transform", splits=lines)])
    (folder / COUNTS_FILE).write_text(counts.to_json())


def test_what_is_read_is_what_transform_wrote_unknown_and_repeated_tracks_too(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    train = write(tmp_path / "Split-train", "part", [example("1", [0, -1, 0]), example("2", [1])])
    stop = write(tmp_path / "Split-stop", "part", [example("3", [2])])
    written(tmp_path, train=(2, 4), stop=(1, 1))
    loaded, _ = load_training_data([train], [stop], graph)
    assert len(loaded.train) == 3


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"train": (2, 3)}, "train: Transform wrote 2 playlists, 1 read: 1 lost"),
        ({"stop": (0, 0)}, "stop: Transform wrote 0 playlists, 1 read: 1 too many"),
        ({"train": (1, 5)}, "train: Transform wrote 5 track entries, 3 read: 2 lost"),
    ],
)
def test_training_on_other_playlists_than_transform_wrote_is_refused(
    graph: tft.TFTransformOutput,
    tmp_path: pathlib.Path,
    counts: dict[str, tuple[int, int]],
    told: str,
) -> None:
    train = write(tmp_path / "Split-train", "part", [example("1", [0, -1, 0])])
    stop = write(tmp_path / "Split-stop", "part", [example("3", [2])])
    written(tmp_path, **{"train": (1, 3), "stop": (1, 1), **counts})
    with pytest.raises(CountsError, match=f"Training data: {told}"):
        load_training_data([train], [stop], graph)


def test_stop_may_hold_no_playlist(graph: tft.TFTransformOutput, tmp_path: pathlib.Path) -> None:
    train, stop = write(tmp_path, "train", [example("1", [0])]), write(tmp_path, "stop", [])
    loaded, _ = load_training_data([train], [stop], graph)
    assert (len(loaded.train), loaded.stop.tolist()) == (1, [])


def test_result_depends_neither_on_shards_nor_on_batches(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [example(f"{index:02d}", [index % 3], ngrams=[index % 2]) for index in range(10)]
    whole, _ = load_training_data([write(tmp_path, "whole", records)], [], graph)
    write_records(tmp_path / "part-0.gz", records[7:])
    write_records(tmp_path / "part-1.gz", [])
    write_records(tmp_path / "part-2.gz", records[:7])
    monkeypatch.setattr("models.data.loading._BATCH", 3)
    parts, _ = load_training_data([str(tmp_path / "part-*")], [], graph)
    assert np.array_equal(whole.train.track_ids.values, parts.train.track_ids.values)
    assert np.array_equal(whole.train.track_ids.splits, parts.train.track_ids.splits)
    assert np.array_equal(whole.train.title_ngram_ids.values, parts.train.title_ngram_ids.values)


class OtherSpec:
    """Transform's output with another feature spec."""

    def __init__(self, graph: tft.TFTransformOutput, spec: dict[str, object]) -> None:
        self.vocabulary_file_by_name = graph.vocabulary_file_by_name
        self.spec = spec

    def transformed_feature_spec(self) -> dict[str, object]:
        return self.spec


def test_sparse_features_and_no_pid(graph: tft.TFTransformOutput, tmp_path: pathlib.Path) -> None:
    fields = {
        features.transformed_name(name): tf.train.Feature(
            int64_list=tf.train.Int64List(value=values)
        )
        for name, values in ((features.TRACK_URI, [1, 1, 0]), (features.TITLE_NGRAMS, []))
    }
    record = tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString()
    with pytest.raises(ValueError, match="lacks track_uri_xf, title_ngrams_xf, name_xf"):
        load_training_data([write(tmp_path, "train", [record])], [], OtherSpec(graph, {}))
    sparse: dict[str, object] = {name: tf.io.VarLenFeature(tf.int64) for name in fields}
    sparse[features.transformed_name(features.NAME)] = tf.io.VarLenFeature(tf.string)
    spec = OtherSpec(graph, sparse)
    loaded, _ = load_training_data([write(tmp_path, "train", [record, record])], [], spec)
    assert [loaded.train.track_ids.row(i).tolist() for i in range(2)] == [[1, 0], [1, 0]]


def test_followers_go_with_their_playlist(
    graph: tft.TFTransformOutput, tmp_path: pathlib.Path
) -> None:
    records = [example("2", [0], followers=7), example("1", [1], followers=0)]
    name = features.transformed_name(features.FOLLOWERS)
    dense = graph.transformed_feature_spec() | {name: tf.io.FixedLenFeature([], tf.int64)}
    for spec in (dense, dense | {name: tf.io.VarLenFeature(tf.int64)}):
        loaded, _ = load_training_data(
            [write(tmp_path, "train", records)], [], OtherSpec(graph, spec)
        )
        assert loaded.train.num_followers is not None
        assert loaded.train.num_followers.tolist() == [0, 7]


def test_nothing_to_train_on(graph: tft.TFTransformOutput, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="No file matches"):
        load_training_data([str(tmp_path / "nowhere-*")], [], graph)
    unknown = write(tmp_path, "train", [example("1", [-1]), example("2", [])])
    with pytest.raises(ValueError, match="minimum count of tracks is too high"):
        load_training_data([unknown], [], graph)


def test_missing_vocabulary(tmp_path: pathlib.Path) -> None:
    graph = write_graph(tmp_path / "graph", {features.TRACK_VOCABULARY: [uri(0)]})
    with pytest.raises(ValueError, match="no vocabulary 'artists'"):
        read_vocabularies(tft.TFTransformOutput(graph))


def test_catalogue_of_another_shape(tmp_path: pathlib.Path) -> None:
    lines = {**VOCABULARIES, features.CATALOGUE_VOCABULARY: [f"{uri(0)}\tZero"]}
    graph = tft.TFTransformOutput(write_graph(tmp_path / "graph", lines))
    with pytest.raises(ValueError, match="2 columns instead of 5"):
        load_training_data([write(tmp_path, "train", [example("1", [0])])], [], graph)

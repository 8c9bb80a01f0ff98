from __future__ import annotations

import dataclasses
import datetime
import json
import logging
import pathlib
import types
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from models import families, trainer
from models.contract import Fit
from models.export.index import recall
from models.families.popularity.model import PopularityScorer
from schema import features
from schema.model_card import ModelCard, StartCard
from schema.side_tables import write_side_table
from schema.tables import AUDIO_EMBEDDINGS, AUDIO_NAME, TRENDING, TRENDING_NAME
from tests.models.training_fixture import uri
from tests.models.transform_fixture import example, write_graph, write_records

VOCABULARIES = {
    features.TRACK_VOCABULARY: [uri(track) for track in range(4)],
    features.ARTIST_VOCABULARY: ["Ann"],
    features.TITLE_VOCABULARY: ["ro", " j"],
    features.ALBUM_VOCABULARY: [],
    features.CATALOGUE_VOCABULARY: [f"{uri(track)}\tSong\tAnn\tAnn\t" for track in range(4)],
}


def arguments(folder: pathlib.Path) -> types.SimpleNamespace:
    """Arguments of a training on three playlists, which reads and writes in a folder."""
    records = [example("1", [0, 1, 2], [0]), example("2", [0, 1], [0]), example("3", [0, 3], [1])]
    write_records(folder / "train-0.gz", records)
    return types.SimpleNamespace(
        train_files=[str(folder / "train-*")],
        eval_files=None,
        transform_graph_path=write_graph(folder / "graph", VOCABULARIES),
        serving_model_dir=str(folder / "model"),
        model_run_dir=str(folder / "run"),
        hyperparameters=None,
        base_model=None,
        custom_config={"family": "als", "params": {"factors": 2}, "seed": 5, "source_hash": "x"},
    )


@pytest.fixture
def fn_args(tmp_path: pathlib.Path) -> types.SimpleNamespace:
    return arguments(tmp_path)


def card_of(fn_args: types.SimpleNamespace) -> ModelCard:
    return ModelCard.read(fn_args.serving_model_dir)


def test_from_transform_to_a_served_model(
    fn_args: types.SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    fn_args.custom_config["split"] = {"train": 8, "eval": 1, "test": 1, "stop": 0.25}
    with caplog.at_level(logging.INFO, "segue.progress"):
        trainer.run_fn(fn_args)
    assert any("ALS iteration" in record.getMessage() for record in caplog.records)
    model = tf.saved_model.load(fn_args.serving_model_dir).signatures["serving_default"]
    result = model(name=tf.constant([""]), track_uris=tf.constant([[uri(2)]]))
    assert set(result["track_uris"].numpy()[0][:2].tolist()) == {uri(0).encode(), uri(1).encode()}
    card = card_of(fn_args)
    assert card.family == "als"
    assert card.seed == 5
    assert card.params is not None
    assert card.params["factors"] == 2
    assert card.params["iterations"] == 8
    assert card.tuned == {}
    assert card.catalogue_size == 4
    assert card.playlists == {"train": 3, "stop": 0}
    assert card.chosen == {}
    assert card.vocabularies == {"tracks": 4, "artists": 1, "albums": 0, "title_ngrams": 2}
    assert card.split == {"train": 8, "eval": 1, "test": 1, "stop": 0.25}
    assert card.source_hash == "x"
    assert (card.fit_seconds or 0) > 0
    assert (card.versions or {})["tensorflow"] == tf.__version__
    assert json.loads(pathlib.Path(fn_args.model_run_dir, "history.json").read_text()) == []


def test_the_training_curve_is_kept(
    fn_args: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"step": 10, "loss": np.float32(2.5), "stop_ndcg": float("nan")},
        {"step": np.int64(20), "loss": 1.5, "stop_ndcg": 0.25},
    ]

    def fit(data: Any, params: Any, seed: int, workdir: str) -> Fit:
        assert seed == 5
        assert pathlib.Path(workdir).is_dir()
        return Fit(PopularityScorer(data.catalogue.counts), rows)

    als = families.family("als")
    monkeypatch.setattr(families, "family", lambda name: dataclasses.replace(als, fit=fit))
    trainer.run_fn(fn_args)
    expected = [
        {"step": 10, "loss": 2.5, "stop_ndcg": None},
        {"step": 20, "loss": 1.5, "stop_ndcg": 0.25},
    ]
    assert json.loads(pathlib.Path(fn_args.model_run_dir, "history.json").read_text()) == expected
    board = EventAccumulator(fn_args.model_run_dir)
    board.Reload()
    losses = [(event.step, tf.make_ndarray(event.tensor_proto)) for event in board.Tensors("loss")]
    assert losses == [(10, 2.5), (20, 1.5)]
    assert [event.step for event in board.Tensors("stop_ndcg")] == [20]


def test_an_index_is_measured_on_playlists(fn_args: types.SimpleNamespace) -> None:
    # Without playlists of stop parts of train's three are asked: one track of each.
    fn_args.custom_config["export"] = {"index": {"kind": "partitioned"}}
    trainer.run_fn(fn_args)
    index = card_of(fn_args).index
    assert index is not None
    assert index.kind == "partitioned"
    assert 1 <= (index.partitions or 0) <= 4
    # All tracks are recommended, and all are looked at.
    assert index.recall == {4: 1}
    assert (index.ms_per_query or 0) > 0
    model = tf.saved_model.load(fn_args.serving_model_dir).signatures["serving_default"]
    result = model(name=tf.constant([""]), track_uris=tf.constant([[uri(2)]]))
    assert set(result["track_uris"].numpy()[0][:2].tolist()) == {uri(0).encode(), uri(1).encode()}


def test_an_index_that_finds_too_little_is_not_exported(
    fn_args: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "recall", lambda *_: 0.5)
    fn_args.custom_config["export"] = {"index": {"kind": "partitioned"}}
    with pytest.raises(ValueError, match=r"finds 50\.0% of brute force's best 4,"):
        trainer.run_fn(fn_args)
    assert not pathlib.Path(fn_args.serving_model_dir).exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"family": "alss"}, "no model family 'alss'; choose from"),
        ({"family": "als", "params": {"factor": 1}}, "factor: no such parameter"),
        ({"params": {}}, "family"),
        ({"family": "als", "seed": -1}, "seed"),
        ({"family": "als", "sead": 1}, "sead"),
        ({"family": "als", "export": {"rows_per_step": 0}}, "rows_per_step"),
        ({"family": "als", "export": {"index": {"kind": "scann"}}}, "export.index.kind"),
        (None, "family"),
    ],
)
def test_a_wrong_configuration_names_itself(
    fn_args: types.SimpleNamespace, config: dict[str, Any] | None, message: str
) -> None:
    fn_args.custom_config = config
    with pytest.raises(ValueError, match=message):
        trainer.run_fn(fn_args)
    assert not pathlib.Path(fn_args.serving_model_dir).exists()


def test_checkpoints_of_other_code_are_not_taken(
    fn_args: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    found = []

    def fit(data: Any, params: Any, seed: int, workdir: str) -> Fit:
        found.append(sorted(path.name for path in pathlib.Path(workdir).iterdir()))
        (pathlib.Path(workdir) / "epoch-1").touch()
        if len(found) < 3:
            raise KeyboardInterrupt
        return Fit(PopularityScorer(data.catalogue.counts), [])

    monkeypatch.setattr("models.families.popularity.model.fit", fit)
    kept = tmp_path / "checkpoints"
    fn_args.custom_config = {"family": "popularity", "checkpoints": str(kept), "source_hash": "old"}
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            trainer.run_fn(fn_args)
    fn_args.custom_config["source_hash"] = "new"
    trainer.run_fn(fn_args)
    assert found == [[], ["epoch-1"], []]
    assert not list(kept.iterdir()), "a finished training leaves none, of whatever code"


SPLIT = {"train": 8, "eval": 1, "test": 1}


@pytest.fixture(scope="module")
def served_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that is served as version 3; others start from it and leave it as it is."""
    served = arguments(tmp_path_factory.mktemp("served"))
    served.custom_config["split"] = SPLIT
    trainer.run_fn(served)
    StartCard(start="served", version="3").write_beside(served.serving_model_dir)
    return served.serving_model_dir


@pytest.fixture
def next_args(
    fn_args: types.SimpleNamespace, served_model: str, tmp_path: pathlib.Path
) -> types.SimpleNamespace:
    """Arguments of a training that is to start from what is served."""
    fn_args.custom_config["split"] = SPLIT
    fn_args.base_model = served_model
    fn_args.serving_model_dir = str(tmp_path / "next" / "Format-Serving")
    return fn_args


def test_training_starts_from_what_is_served(
    next_args: types.SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    assert ModelCard.read(next_args.base_model).start is None
    caplog.clear()
    with caplog.at_level(logging.INFO, "segue.progress"):
        trainer.run_fn(next_args)
    rounds = [row for row in caplog.records if "ALS iteration" in row.getMessage()]
    assert len(rounds) == 2, "and not the eight of a training from scratch"
    start = card_of(next_args).start
    assert start is not None
    assert start.model_dump() == {
        "start": "served",
        "reason": None,
        "version": "3",
        "updates": 1,
        "splits": [SPLIT],
        "growth": {
            "tracks": {
                "kept": 4,
                "from_relatives": 0,
                "from_company": 0,
                "from_mean": 0,
                "dropped": 0,
            }
        },
        "data_end": None,
        "undated_playlists": 3,
    }
    # And so on: the card knows every split that the weights went through.
    StartCard(start="served", version="4").write_beside(next_args.serving_model_dir)
    next_args.base_model = next_args.serving_model_dir
    next_args.serving_model_dir += "-2"
    next_args.custom_config["split"] = other = {"train": 17, "eval": 2, "test": 1}
    trainer.run_fn(next_args)
    card = card_of(next_args)
    assert card.start is not None
    assert (card.start.version, card.start.updates) == ("4", 2)
    assert card.start.splits == [SPLIT]
    assert card.splits == [other, SPLIT]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"params": {"factors": 3}}, "its vectors have 2 dimensions, and 3 are wanted"),
        (
            {"family": "two_tower", "params": {"factors": 2, "epochs": 0}},
            "it is a model of the family als, and not two_tower",
        ),
        ({"family": "popularity", "params": {}}, "popularity always starts from scratch"),
    ],
)
def test_what_does_not_fit_is_not_started_from(
    next_args: types.SimpleNamespace,
    change: dict[str, Any],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    next_args.custom_config |= change
    trainer.run_fn(next_args)
    assert f"Training starts from scratch, not from version 3: {reason}." in caplog.messages
    start = card_of(next_args).start
    assert start is not None
    assert (start.start, start.version, start.reason) == ("scratch", "3", reason)
    assert (start.updates, start.splits, start.growth) == (0, [], {})


def test_nothing_is_served_yet(
    fn_args: types.SimpleNamespace, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    fn_args.base_model = str(tmp_path / "found" / "Format-Serving")
    with pytest.raises(ValueError, match=r"start\.json is missing"):
        trainer.run_fn(fn_args)
    nothing = StartCard(start="scratch", reason="no model is served yet")
    nothing.write_beside(fn_args.base_model)
    trainer.run_fn(fn_args)
    assert "Training starts from scratch: no model is served yet." in caplog.messages
    assert card_of(fn_args).start == nothing


MIDNIGHT = 1_700_006_400
UTC = datetime.timezone.utc


def test_a_card_says_until_when_the_data_goes(
    fn_args: types.SimpleNamespace, tmp_path: pathlib.Path
) -> None:
    """Times of the last change, those of side tables, and of what training goes on from."""
    lines = [example("1", [0, 1], [0]), example("2", [0, 1], [0]), example("3", [0, 3], [1])]
    for path in tmp_path.glob("train-*"):
        path.unlink()
    for changes, end in (
        ((MIDNIGHT - 1, MIDNIGHT - 60), MIDNIGHT),
        # The dataset rounds down to midnight, so it may be any moment of that day.
        ((MIDNIGHT, MIDNIGHT + 60), MIDNIGHT + 86_400),
        ((MIDNIGHT + 86_399, MIDNIGHT - 86_400), MIDNIGHT + 86_400),
    ):
        dated = [
            example(str(number), [0, 2], [0], modified_at=changed)
            for number, changed in enumerate(changes, 4)
        ]
        write_records(tmp_path / "train-0.gz", [*lines, *dated])
        trainer.run_fn(fn_args)
        card = card_of(fn_args)
        assert card.data_end == datetime.datetime.fromtimestamp(end, UTC)
        assert card.undated_playlists == 3
    StartCard(start="served", version="3").write_beside(fn_args.serving_model_dir)
    write_records(tmp_path / "train-0.gz", lines)
    fn_args.base_model, first = fn_args.serving_model_dir, fn_args.serving_model_dir
    fn_args.serving_model_dir = str(tmp_path / "next" / "Format-Serving")
    trainer.run_fn(fn_args)
    assert card_of(fn_args).data_end == ModelCard.read(first).data_end
    assert card_of(fn_args).undated_playlists == 6
    unknown = ModelCard.read(first).model_copy(update={"undated_playlists": None})
    unknown.write(first)
    trainer.run_fn(fn_args)
    assert card_of(fn_args).undated_playlists is None


def test_nobody_has_seen_what_comes_after_the_training(
    fn_args: types.SimpleNamespace, tmp_path: pathlib.Path
) -> None:
    later = round(datetime.datetime.now(UTC).timestamp()) + 86_400
    write_records(tmp_path / "train-0.gz", [example("1", [0, 1], [0], modified_at=later)])
    before = datetime.datetime.now(UTC)
    trainer.run_fn(fn_args)
    card = card_of(fn_args)
    assert card.data_end is not None
    assert before <= card.data_end <= datetime.datetime.now(UTC)


def test_popularity_follows_a_side_table_which_its_card_names(
    fn_args: types.SimpleNamespace, tmp_path: pathlib.Path
) -> None:
    rows = [
        {"track_uri": uri(3), "trend": 2.5, "streams": 4},
        {"track_uri": uri(2), "trend": 1.0, "streams": 9},
        {"track_uri": "spotify:track:new", "trend": 9.0, "streams": 9},
    ]
    as_of = datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc)
    folder = tmp_path / "trending"
    table = pa.Table.from_pylist(rows, schema=TRENDING)
    described = write_side_table(folder, TRENDING_NAME, table, as_of)
    fn_args.custom_config = {"family": "popularity", "side_table": str(folder)}
    trainer.run_fn(fn_args)
    model = tf.saved_model.load(fn_args.serving_model_dir).signatures["serving_default"]
    for seed, expected in ((1, [3, 2, 0]), (3, [2, 0, 1])):
        found = model(name=tf.constant([""]), track_uris=tf.constant([[uri(seed)]]))
        tracks = found["track_uris"].numpy()[0][:3].tolist()
        assert tracks == [uri(track).encode() for track in expected]
    card = card_of(fn_args)
    assert card.side_tables == {TRENDING_NAME: described}
    assert card.data_end == as_of, "nothing says when the playlists were changed"


@pytest.mark.parametrize(
    ("name", "message"),
    [("other", "holds the side table other, not trending or audio_embeddings"), (None, "missing")],
)
def test_another_side_table_is_refused(
    fn_args: types.SimpleNamespace, tmp_path: pathlib.Path, name: str | None, message: str
) -> None:
    if name is not None:
        as_of = datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc)
        write_side_table(tmp_path / "table", name, TRENDING.empty_table(), as_of)
    fn_args.custom_config = {"family": "popularity", "side_table": str(tmp_path / "table")}
    with pytest.raises(ValueError, match=message):
        trainer.run_fn(fn_args)


@pytest.mark.parametrize("family", ["als", "two_tower"])
def test_tracks_that_no_playlist_holds_are_recommended_by_their_sound(
    fn_args: types.SimpleNamespace,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    family: str,
) -> None:
    monkeypatch.setattr("models.cold.extending._FEWEST", 3)
    known = [{"track_uri": uri(track), "vector": [float(track), 1.0]} for track in range(4)]
    cold = {"track_uri": "spotify:track:cold", "vector": [2.5, 1.0]}
    rows = [{**row, "space": "s", "missing": []} for row in (*known, cold)]
    as_of = datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc)
    table = pa.Table.from_pylist(rows, schema=AUDIO_EMBEDDINGS)
    described = write_side_table(tmp_path / "audio", AUDIO_NAME, table, as_of)
    fn_args.custom_config = {
        "family": family,
        "params": dict(families.family(family).test_params),
        "side_table": str(tmp_path / "audio"),
    }
    trainer.run_fn(fn_args)
    model = tf.saved_model.load(fn_args.serving_model_dir)
    found = model.signatures["serving_default"](
        name=tf.constant(["", ""]), track_uris=tf.constant([[uri(1)], ["spotify:track:cold"]])
    )["track_uris"].numpy()
    assert b"spotify:track:cold" in found[0]
    assert b"spotify:track:cold" not in found[1]  # a playlist's own tracks are not recommended
    told = model.signatures["track_metadata"](track_uris=tf.constant(["spotify:track:cold"]))
    assert told["playlists"].numpy().tolist() == [0]
    card = card_of(fn_args)
    assert card.side_tables == {AUDIO_NAME: described}
    assert card.cold is not None
    assert (card.cold.tracks, card.catalogue_size) == (1, card.vocabularies["tracks"] + 1)

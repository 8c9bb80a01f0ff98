"""Scoring held-out playlists with an exported model, through Beam and back."""

import math

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components import served_file
from components.holdout import examples as held_out
from components.significance import counted, executor, scoring
from components.significance.component import PlaylistMetrics
from models import families
from models.export import saved_model
from schema import features
from schema.documents import CountsError, ServedModel
from schema.model_card import ModelCard
from schema.rows import holdout_hash
from tests.components import counts_fixture
from tests.models import training_fixture as fixture

TRAIN = [("rock", [0, 1, 2]), ("rock", [0, 1]), ("jazz", [3, 4]), ("", [0, 4])]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """The popularity model of four playlists: tracks in the order 0, 1, 4, 2, 3."""
    data, vocabularies = fixture.training_data(TRAIN)
    folder = tmp_path_factory.mktemp("model")
    family = families.family("popularity")
    fit = family.fit(data, family.params({}), 1, str(folder / "work"))
    card = ModelCard(family="popularity", catalogue_size=5, playlists={"train": 4, "eval": 0})
    saved_model.export(fit.scorer, data.catalogue, vocabularies, str(folder / "saved"), card)
    return str(folder / "saved")


def example(pid: str, seeds: list[int], withheld: list[int], counts: list[int]) -> bytes:
    result = tf.train.Example()

    def put(name, values):
        result.features.feature[name].bytes_list.value[:] = [v.encode() for v in values]

    put(features.PID, [pid])
    put(features.SCENARIO, ["first5"])
    put(features.TRACK_URI, [fixture.uri(track) for track in seeds])
    put(features.HOLDOUT_TRACK_URI, [fixture.uri(track) for track in withheld])
    put(features.HOLDOUT_ARTIST, [f"artist {track // 3}" for track in withheld])
    for name, value in ((features.NUM_SEEDS, seeds), (features.NUM_HOLDOUTS, withheld)):
        result.features.feature[name].int64_list.value[:] = [len(value)]
    result.features.feature[features.HOLDOUT_TRAIN_COUNT].int64_list.value[:] = counts
    return result.SerializeToString()


def test_metrics_of_a_playlist_worked_out_by_hand(model):
    scorer = scoring.ModelScorer(model)
    # With track 0 as seed the list is 1, 4, 2, 3; withheld are 4 and one that nobody knows.
    rows, recommended, (exposure,) = scorer.score([example("7", [0], [4, 99], [2, 0])])
    (row,) = rows
    assert [uri.decode() for uri in recommended[0] if uri] == [
        fixture.uri(track) for track in (1, 4, 2, 3)
    ]
    assert (row["pid"], row["scenario"]) == ("7", "first5")
    assert (row["num_seeds"], row["num_holdouts"], row["length"]) == (1, 2, 3)
    assert row["unreachable"] == 1
    assert row["holdout_hash"] == holdout_hash([fixture.uri(99), fixture.uri(4)])
    assert row["r_precision"] == 0.5  # one of the first two
    assert row["clicks"] == 0
    assert row["mrr"] == 0.5
    assert row["recall@500"] == 0.5
    # The hit is at rank 2, the ideal has hits at ranks 1 and 2.
    assert row["ndcg"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    # Tracks 1, 4, 2, 3 are in 2, 2, 1, 1 of four playlists.
    assert row["popularity"] == pytest.approx((0.5 + 0.5 + 0.25 + 0.25) / 4)
    # Tracks 1 and 2 are by artist 0, tracks 3 and 4 by artist 1: four of six pairs differ.
    assert row["artist_diversity"] == pytest.approx(4 / 6)
    # Places 1 and 2 show tracks of two playlists, 3 and 4 those of one.
    known, once = 1 + 1 / math.log2(3), 0.5 + 1 / math.log2(5)
    found = {each.playlists: each for each in exposure.summary().by_popularity}
    assert found["2-5"].shown == pytest.approx(known / (known + once))
    assert found["1"].shown == pytest.approx(once / (known + once))
    assert (found["2-5"].withheld, found["0"].withheld) == (0.5, 0.5)
    assert (found["2-5"].found, found["0"].found) == (1.0, 0.0)
    assert exposure.summary().artists == 2


def test_no_playlist_gets_lost_between_beam_and_the_rows(model, tmp_path):
    pids = {"eval": [str(pid) for pid in range(300)], "test": [str(pid) for pid in range(300, 320)]}
    for split, expected in pids.items():
        folder = tmp_path / "examples" / f"Split-{split}"
        folder.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / "data-0.gz"), "GZIP") as writer:
            for pid in expected:
                writer.write(example(pid, [0, 1] if split == "test" else [0], [3], [2]))
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(tmp_path / "examples"), '["eval", "test"]'
    output = tmp_path / "output"
    executor.Executor().score_model("popularity", model, examples, str(output))
    rows, shown = executor.read_scores(str(output))
    for split, found in rows.groupby("split"):
        assert sorted(found["pid"], key=int) == pids[split]
    assert set(rows["model"]) == {"popularity"}
    assert np.allclose(rows["recall@500"], 1.0)
    # Everything but the seeds is shown: four of five tracks, and three.
    assert {split: models["popularity"].coverage for split, models in shown.items()} == {
        "eval": 0.8,
        "test": 0.6,
    }
    exposure = shown["eval"]["popularity"].exposure
    assert set(exposure) == {"", "first5"}
    assert exposure[""] == exposure["first5"]
    assert exposure[""].artists == 2
    assert len(pd.read_parquet(output / executor.ROWS_FILE)) == 320
    assert {path.name for path in output.iterdir()} == {executor.ROWS_FILE}
    (stage,) = counted.stages(rows, ["eval", "test"])
    assert stage.stage == "Significance of popularity"
    amounts = {k: (line.read.playlists, line.read.entries) for k, line in stage.splits.items()}
    assert amounts == {"eval": (300, 600), "test": (20, 60)}


@pytest.mark.parametrize(
    ("held_out", "told"),
    [
        ((3, 9), "2 read: 1 lost"),
        ((1, 9), "2 read: 1 too many"),
        ((2, 10), "10 track entries, 9 read: 1 lost"),
    ],
)
def test_a_model_that_was_not_scored_on_all_playlists_stops_the_run(
    tmp_path, monkeypatch, held_out, told
):
    lengths = [("als", "eval", 4), ("als", "eval", 5), ("popularity", "eval", 4)]
    rows = pd.DataFrame(lengths, columns=["model", "split", "length"])
    rows = pd.concat([rows, rows.tail(1).assign(length=5)])
    monkeypatch.setattr(executor.Executor, "score_model", lambda *_: None)
    monkeypatch.setattr(executor, "read_scores", lambda _: (rows, {}))
    examples, metrics, served, model = (
        standard_artifacts.Examples(),
        PlaylistMetrics(),
        standard_artifacts.Model(),
        standard_artifacts.Model(),
    )
    for number, artifact in enumerate((examples, metrics, served, model)):
        artifact.uri = str(tmp_path / str(number))
    examples.split_names = '["eval", "test"]'
    served_file.write(ServedModel(), served)
    counts_fixture.counted(examples, "Holdout", eval=held_out, test=(0, 0))
    with pytest.raises(CountsError, match=f"Significance of als: eval: Holdout wrote .*{told}"):
        executor.Executor().Do(
            {"examples": [examples], "candidate": [model], "served": [served]},
            {"metrics": [metrics]},
            {"candidate_name": "als"},
        )


def test_a_split_without_a_file_is_not_left_out_in_silence(model, tmp_path):
    (tmp_path / "examples" / "Split-eval").mkdir(parents=True)
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(tmp_path / "examples"), '["eval"]'
    with pytest.raises(FileNotFoundError, match="No file of split eval"):
        executor.Executor().score_model("popularity", model, examples, str(tmp_path / "output"))


def test_a_directory_without_a_card_is_not_a_model_of_ours(tmp_path):
    with pytest.raises(ValueError, match=r"segue\.json"):
        scoring.ModelScorer(str(tmp_path))


def test_buckets_of_held_out_examples_are_sorted_as_text():
    names = [held_out.bucket(n, (0, 1, 5, 10, 25, 100)) for n in (0, 1, 3, 9, 20, 99, 500)]
    assert names == sorted(names)

"""From what listeners did to a model of their segment, through the real components."""

from __future__ import annotations

import dataclasses
import datetime
import glob
import json
import pathlib
from collections.abc import Callable

import pandas as pd
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from pipeline.cli.main import app
from schema import features
from schema.model_card import ModelCard

pytestmark = pytest.mark.e2e

SEGMENT = "casual_listeners"
CUT, UNTIL = "2017-11-10T00", "2017-11-13T00"
TIME = datetime.datetime(2017, 11, 10, tzinfo=datetime.timezone.utc)
SIDES = ("eval", "test")


@dataclasses.dataclass(frozen=True)
class Segmented:
    """What was held out, and what a run made of it."""

    slices: dict
    out: pathlib.Path

    @property
    def metrics(self) -> dict:
        return json.loads((self.out / "report" / "metrics.json").read_text())

    @property
    def rows(self) -> pd.DataFrame:
        return pd.read_parquet(self.out / "report" / "per_playlist.parquet")


@pytest.fixture(scope="module")
def segmented(segue: Callable, tmp_path_factory: pytest.TempPathFactory) -> Segmented:
    folder = tmp_path_factory.mktemp("segment")
    world, events, found = folder / "sample", folder / "events", folder / "features"
    tracks, shared = world / "tracks.parquet", ("--features", found, "--as-of", CUT)

    def step(*words: object) -> None:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, done.output

    size = ("--playlists", 200, "--listeners", 150, "--days", 12, "--seed", 3)
    step("sample", *size, "--output", world)
    step("events", "land", "--input", world / "events", "--out", events)
    step("events", "count", "--events", events, "--out", folder / "counts")
    trending = ("--counts", folder / "counts", "--out", folder / "trending", "--as-of", CUT)
    step("events", "trending", *trending)
    step("features", "build", "listening_history", "--events", events, "--tracks", tracks, *shared)
    step("segments", "build", *shared)
    places = ("--events", events, "--features", found, "--tracks", tracks, "--playlists", world)
    span, out = ("--cut", CUT, "--until", UNTIL), folder / "listeners"
    step("segments", "slices", *places, *span, "--out", out)
    sets = ("baselines=[popularity]", "gate.resamples=999", "infra_check.requests=5")
    code, told = segue(
        *("run", "--data", str(out), "--out", str(folder / "run")),
        *("--config", "configs/segments/profiles/popularity_blend.yaml"),
        *(word for each in sets for word in ("--set", each)),
        *("--set", f"trending={folder / 'trending'}"),
    )
    assert code == 0, told
    return Segmented(json.loads((out / "slices.manifest").read_text()), folder / "run")


def test_listeners_of_the_segment_are_judged_and_nobody_else(segmented: Segmented) -> None:
    """Each listener with first plays is there once, for each model, on its side."""
    written = segmented.slices["segments"][SEGMENT]
    assert min(written[side] for side in SIDES) > 5
    rows = segmented.rows
    assert set(rows["scenario"]) == {SEGMENT}
    assert set(rows["model"]) == {"popularity_blend", "popularity"}
    for side in SIDES:
        chosen = rows[rows["split"] == side]
        assert (
            chosen.groupby("model")["pid"].agg(["size", "nunique"]).to_numpy().tolist()
            == [[written[side]] * 2] * 2
        )
    compared = {(test["candidate"], test["baseline"]) for test in segmented.metrics["tests"]}
    assert compared == {("popularity_blend", "popularity")}


def test_what_make_loop_says_of_a_segment_is_in_the_metrics(segmented: Segmented) -> None:
    metrics, rows = segmented.metrics, segmented.rows
    for model in ("popularity_blend", "popularity"):
        own = rows[(rows["model"] == model) & (rows["split"] == "eval")]
        mean = metrics["models"][model]["overall"]["ndcg"]["mean"]
        assert mean == pytest.approx(own["ndcg"].mean())
        assert mean > 0
    assert isinstance(metrics["blessing"]["blessed"], bool)


def test_what_is_withheld_is_new_and_models_saw_nothing_of_it(segmented: Segmented) -> None:
    held_out = 0
    pattern = f"{segmented.out}/pipeline_root/Holdout/**/Split-eval/*.gz"
    for record in tf.data.TFRecordDataset(
        sorted(glob.glob(pattern, recursive=True)), "GZIP"
    ).as_numpy_iterator():
        found = tf.train.Example.FromString(record).features.feature
        seeds = set(found[features.TRACK_URI].bytes_list.value)
        withheld = found[features.HOLDOUT_TRACK_URI].bytes_list.value
        assert withheld
        assert not seeds & set(withheld)
        held_out += 1
    assert held_out == segmented.slices["segments"][SEGMENT]["eval"]
    models = glob.glob(f"{segmented.out}/pipeline_root/Trainer*/model/*/Format-Serving")
    assert len(models) == 2
    for path in models:
        card = ModelCard.read(path)
        assert (card.data_end, card.undated_playlists) == (TIME, 0)

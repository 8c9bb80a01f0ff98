"""From playlists to a pushed model that answers, through the real components."""

from __future__ import annotations

import glob
import json
import re

import pandas as pd
import pytest
import tensorflow as tf

from evaluation.scenarios import BY_NAME
from schema import features

pytestmark = pytest.mark.e2e

MODELS = {"two_tower", "als", "item_knn", "popularity"}


def records(pattern: str) -> list[tf.train.Example]:
    files = sorted(glob.glob(pattern, recursive=True))
    assert files, pattern
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return [tf.train.Example.FromString(record) for record in dataset.as_numpy_iterator()]


def values(example: tf.train.Example, name: str) -> list:
    feature = example.features.feature[name]
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


def split(run, component: str, channel: str, name: str) -> list[tf.train.Example]:
    return records(f"{run.out}/pipeline_root/{component}/{channel}/*/Split-{name}/*.gz")


def test_the_candidate_is_blessed_and_pushed(first_run):
    metrics = first_run.metrics
    assert metrics["blessing"]["blessed"], metrics["blessing"]["reasons"]
    assert metrics["pushed_version"] in first_run.versions
    pushed = first_run.out / "serving" / "segue" / metrics["pushed_version"]
    assert (pushed / "saved_model.pb").exists()


def test_metrics_hold_every_model_on_the_same_playlists(first_run):
    metrics = first_run.metrics
    rows = pd.read_parquet(first_run.out / "report" / "per_playlist.parquet")
    assert set(metrics["models"]) == set(rows["model"]) == MODELS
    for part, name in (("eval", "models"), ("test", "test_models")):
        chosen = rows[rows["split"] == part]
        playlists = chosen.groupby("model")["pid"].apply(frozenset)
        assert playlists.nunique() == 1
        assert len(playlists.iloc[0]) == metrics["data"]["playlists"][part]
        for model in MODELS:
            mean = chosen.loc[chosen["model"] == model, "ndcg"].mean()
            assert metrics[name][model]["overall"]["ndcg"]["mean"] == pytest.approx(mean)
    assert set(rows["scenario"]) <= set(BY_NAME)
    assert sum(metrics["data"]["playlists"].values()) == 400
    assert {test["baseline"] for test in metrics["tests"]} == MODELS - {"two_tower"}


def test_no_withheld_track_reaches_training(first_run):
    whole = {
        values(example, features.PID)[0]: example
        for example in records(f"{first_run.out}/tfrecords/playlists-*.gz")
    }
    fitted = {
        name: split(first_run, "ImportExampleGen", "examples", name) for name in ("train", "stop")
    }
    playlists = [example for part in fitted.values() for example in part]
    fitted_pids = {values(example, features.PID)[0] for example in playlists}
    known = {uri for example in playlists for uri in values(example, features.TRACK_URI)}
    names = [f"trans*/*/transform_fn/assets/{features.TRACK_VOCABULARY}"]
    (vocabulary,) = glob.glob(f"{first_run.out}/pipeline_root/Transform/{names[0]}")
    with open(vocabulary, "rb") as file:
        assert {line.rstrip(b"\n") for line in file} == known
    for name in ("eval", "test"):
        for example in split(first_run, "Holdout", "held_out", name):
            pid = values(example, features.PID)[0]
            assert pid not in fitted_pids
            seeds = set(values(example, features.TRACK_URI))
            withheld = set(values(example, features.HOLDOUT_TRACK_URI))
            assert withheld
            assert not seeds & withheld
            assert seeds | withheld == set(values(whole[pid], features.TRACK_URI))
            for leak in (features.DURATION_MS, features.NUM_EDITS, features.DESCRIPTION):
                assert not values(example, leak)
    # What Trainers read: these two splits, and no file of another.
    given = f"{first_run.out}/pipeline_root/Transform/transformed_examples/*"
    assert {path.rsplit("-", 1)[1] for path in glob.glob(f"{given}/Split-*")} == set(fitted)
    for name, part in fitted.items():
        assert len(split(first_run, "Transform", "transformed_examples", name)) == len(part)


def test_evaluation_opens_with_tfmas_own_api(first_run):
    import tensorflow_model_analysis as tfma

    (folder,) = glob.glob(f"{first_run.out}/pipeline_root/Evaluator/evaluation/*")
    by_slice = dict(tfma.load_eval_result(folder).slicing_metrics)
    keys = {key[0][0] for key in by_slice if key}
    assert keys == {
        features.SCENARIO,
        features.SEEDS_BUCKET,
        features.LENGTH_BUCKET,
        features.POPULARITY_BUCKET,
    }
    overall = by_slice[()][""][""]
    for metric in ("ndcg", "recall@100", "clicks"):
        # Evaluator and Significance score the same playlists with the same metrics.
        ours = first_run.metrics["models"]["two_tower"]["overall"][metric]["mean"]
        assert overall[metric]["boundedValue"]["value"] == pytest.approx(ours, abs=1e-6)


def test_the_console_tells_each_component_and_nothing_else(first_run):
    for component in ("Ingest", "StatisticsGen", "Transform", "Trainer.two_tower", "Pusher"):
        assert component in first_run.console
    assert not re.search(r"warning|deprecat|tensorflow/|INFO|absl", first_run.console, re.I)
    assert "\x1b" not in first_run.console, "no control codes where nobody watches"
    assert "segue query" in first_run.console or "make serve" in first_run.console


def test_the_report_is_an_artifact_and_lies_where_people_look(first_run):
    (folder,) = glob.glob(f"{first_run.out}/pipeline_root/Report/report/*")
    for name in ("metrics.json", "details.json", "per_playlist.parquet", "index.html"):
        with open(f"{folder}/{name}", "rb") as file:
            assert file.read() == (first_run.out / "report" / name).read_bytes()


def test_the_report_is_there_and_asks_for_nothing_outside(first_run):
    report = (first_run.out / "report" / "index.html").read_text()
    assert "two_tower" in report
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", report)


def test_the_pushed_model_answers_over_grpc(first_run, segue):
    from serving.client import RecommenderClient
    from serving.protocol import single_model_config
    from serving.server import ModelServer, ServerOptions

    config = single_model_config("segue", first_run.out / "serving" / "segue")
    with (
        ModelServer(config, ServerOptions(port=0)) as server,
        RecommenderClient(server.target) as client,
    ):
        answer = client.recommend("road trip", top=5)
        assert len(answer) == 5
        assert all(track.track_name and track.artist_name for track in answer)
        seeds = [track.track_uri for track in answer[:2]]
        continued = client.recommend(track_uris=seeds, top=500)
        assert len(continued) == 500
        assert not {track.track_uri for track in continued} & set(seeds)
        code, output = segue("query", "--target", server.target, "--track", seeds[0], "--top", "3")
        assert code == 0, output
        assert continued[0].track_name in output or len(output.splitlines()) > 3


def test_batch_recommendations_are_a_submission(first_run, segue, tmp_path):
    playlists = [
        {"pid": 1, "name": "road trip", "tracks": []},
        {"pid": 2, "tracks": [{"pos": 0, "track_uri": "spotify:track:" + "0" * 22}]},
    ]
    challenge = tmp_path / "challenge.json"
    challenge.write_text(json.dumps({"playlists": playlists}))
    submission = tmp_path / "submission.csv"
    model = str(first_run.out / "serving" / "segue")
    code, output = segue(
        "recommend", "--model", model, "--challenge", str(challenge), "--output", str(submission)
    )
    assert code == 0, output
    head, *rows = submission.read_text().splitlines()
    assert head.startswith("team_info")
    assert [row.split(", ")[0] for row in rows] == ["1", "2"]
    assert all(len(row.split(", ")) == 501 for row in rows)


def test_an_unchanged_rerun_is_cached(first_run, pipeline_run):
    versions = first_run.versions
    again = pipeline_run(json=True)
    assert again.code == 0, again.console
    # All of standard output is the status; the console comes after it, on standard error.
    status = json.loads(again.console.splitlines()[0])
    assert status["status"] in ("blessed", "refused")
    assert status["pushed_version"] == again.metrics["pushed_version"]
    assert status["metrics"] == again.metrics["models"]["two_tower"]["overall"]
    assert again.versions == versions
    ended = [line.split() for line in again.console.splitlines() if line.startswith(("✓", "↺"))]
    states = {words[1]: words[2] for words in ended}
    for component in ("Ingest", "Transform", "Trainer.two_tower", "InfraCheck"):
        assert states[component] == "cached"
    assert states["Pusher"] != "cached", "it looks at its destination"
    assert states["Register"] != "cached", "it asks the registry"
    assert again.metrics["served"] == {
        "version": versions[0],
        "family": "two_tower",
        "pinned": False,
        "registry": None,
        "comparison": "same",
        "reason": None,
    }
    assert states["Report"] != "cached", "it says what is true now"
    assert again.metrics["pushed_version"] in again.versions
    timed = set(again.metrics["seconds"])
    assert timed < set(states)
    assert {"Ingest", "Pusher"} <= timed


def test_a_worse_model_of_more_data_is_compared_with_the_served_one_and_refused(
    first_run, pipeline_run, segue, tmp_path
):
    more = tmp_path / "sample"
    code, output = segue("sample", "--playlists", "500", "--output", str(more))
    assert code == 0, output
    before = first_run.versions
    worse = (
        "candidate=popularity",
        "baselines=[]",
        "gate.better_than=[]",
        "evaluator.min_value=null",
    )
    run = pipeline_run(*worse, source=more)
    assert run.code == 0, run.console
    cached = {line.split()[1] for line in run.console.splitlines() if "cached" in line}
    assert "ImportSchemaGen" in cached, "the schema did not change"
    assert "Trainer.popularity" not in cached
    assert sum(run.metrics["data"]["playlists"].values()) == 500
    assert "served" in run.metrics["models"]
    blessing = run.metrics["blessing"]
    assert not blessing["blessed"]
    assert any("served model" in reason for reason in blessing["reasons"])
    assert run.metrics["pushed_version"] is None
    assert run.versions == before
    assert "not blessed" in run.console.lower()


def test_data_that_breaks_the_schema_stops_before_training(pipeline_run, data, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    slice_file = next(data.glob("*.json"))
    content = json.loads(slice_file.read_text())
    for playlist in content["playlists"]:
        playlist["modified_at"] *= 1000  # milliseconds
    (broken / slice_file.name).write_text(json.dumps(content))
    run = pipeline_run(source=broken)
    assert run.code == 1
    assert "modified_at" in run.console
    assert "validation.tolerated" in run.console
    assert "Trainer" not in run.console
    assert "Traceback" not in run.console

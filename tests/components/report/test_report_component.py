"""The Report component on the artifacts of a small run that was made by hand."""

import json

import pandas as pd
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tensorflow_model_analysis.proto import metrics_for_slice_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.experimental import simple_artifacts

from components import served_file
from components.report import executor, facts
from components.report.component import RunReport
from components.significance.component import PlaylistMetrics
from models import families
from models.export import saved_model
from schema import documents, features
from schema.model_card import ModelCard
from tests.components.counts_fixture import counted
from tests.models import training_fixture as fixture

TRAIN = [("rock", [0, 1, 2]), ("rock", [0, 1]), ("jazz", [3, 4]), ("", [0, 4])]


def artifact(kind, folder, splits=None, **properties):
    folder.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(folder)
    if splits is not None:
        made.split_names = artifact_utils.encode_split_names(list(splits))
    for name, value in properties.items():
        made.set_string_custom_property(name, value)
    return made


def statistics(folder, **splits):
    for name, frame in splits.items():
        (folder / f"Split-{name}").mkdir(parents=True)
        computed = tfdv.generate_statistics_from_dataframe(frame)
        (folder / f"Split-{name}" / "FeatureStats.pb").write_bytes(computed.SerializeToString())
    return artifact(standard_artifacts.ExampleStatistics, folder, splits)


def anomalies(folder, split, *names):
    found = anomalies_pb2.Anomalies()
    for name in names:
        found.anomaly_info[name].severity = anomalies_pb2.AnomalyInfo.ERROR
        found.anomaly_info[name].reason.add(
            type=anomalies_pb2.AnomalyInfo.INT_TYPE_SMALL_INT, description="too small"
        )
    (folder / f"Split-{split}").mkdir(parents=True)
    (folder / f"Split-{split}" / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    return artifact(standard_artifacts.ExampleAnomalies, folder, [split])


def model(folder, family, **card):
    data, vocabularies = fixture.training_data(TRAIN)
    kind = families.family("popularity")
    fit = kind.fit(data, kind.params({}), 1, str(folder / "work"))
    saved_model.export(
        fit.scorer,
        data.catalogue,
        vocabularies,
        str(folder / "Format-Serving"),
        ModelCard(family=family, fit_seconds=0.5, **card),
    )
    return artifact(standard_artifacts.Model, folder)


def served_model(folder, found):
    made = artifact(standard_artifacts.Model, folder)
    served_file.write(found, made)
    return made


def held_out(folder):
    example = tf.train.Example()

    def put(name, *values):
        example.features.feature[name].bytes_list.value[:] = [v.encode() for v in values]

    put(features.PID, "7")
    put(features.NAME, "road trip")
    put(features.SCENARIO, "title+first1")
    put(features.TRACK_URI, fixture.uri(0))
    put(features.TRACK_NAME, "Track 0")
    put(features.ARTIST_NAME, "Artist 0")
    put(features.HOLDOUT_TRACK_URI, fixture.uri(4), fixture.uri(99))
    (folder / "Split-eval").mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "Split-eval" / "data-0.gz"), "GZIP") as writer:
        writer.write(example.SerializeToString())
    made = artifact(standard_artifacts.Examples, folder, ["eval"])
    return counted(made, "Holdout", eval=(2, 30))


def transform_graph(folder):
    assets = folder / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (folder / "transformed_metadata").mkdir()
    (folder / "transformed_metadata" / "schema.pbtxt").write_text("")
    for name, size in (
        (features.TRACK_VOCABULARY, 5),
        (features.ARTIST_VOCABULARY, 2),
        (features.ALBUM_VOCABULARY, 3),
        (features.TITLE_VOCABULARY, 4),
    ):
        (assets / name).write_text("".join(f"{place}\n" for place in range(size)))
    return artifact(standard_artifacts.TransformGraph, folder)


def evaluation(folder):
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "metrics-00000-of-00001.tfrecord")) as writer:
        for value in ("", "title"):
            part = metrics_for_slice_pb2.MetricsForSlice()
            if value:
                part.slice_key.single_slice_keys.add(
                    column=features.SCENARIO, bytes_value=value.encode()
                )
            bounded = part.metric_keys_and_values.add()
            bounded.key.name = "ndcg"
            bounded.value.double_value.value = 0.5
            bounded.confidence_interval.lower_bound.double_value.value = 0.4
            bounded.confidence_interval.upper_bound.double_value.value = 0.6
            count = part.metric_keys_and_values.add()
            count.key.name = "example_count"
            count.value.double_value.value = 2
            writer.write(part.SerializeToString())
    return artifact(standard_artifacts.ModelEvaluation, folder)


def playlist_metrics(folder):
    folder.mkdir(parents=True)
    judged = documents.Judgement(
        models={
            name: documents.ModelSummary(overall={"ndcg": documents.Estimate(mean=mean)})
            for name, mean in (("als", 0.5), ("popularity", 0.2))
        },
        tests=[documents.PairedTest(metric="ndcg", candidate="als", baseline="popularity", n=2)],
        blessing=documents.Blessing(blessed=True, reasons=["Better than popularity."]),
        checks=[documents.Check(name="baseline", passed=True, text="Better than popularity.")],
    )
    (folder / "results.json").write_text(judged.to_json())
    rows = [
        {
            "model": name,
            "split": "eval",
            "pid": pid,
            "scenario": "title",
            "num_seeds": 0,
            "num_holdouts": 2,
            "length": length,
            "unreachable": 0,
            "ndcg": ndcg,
        }
        for name, ndcg in (("als", 0.5), ("popularity", 0.2))
        for pid, length in (("7", 10), ("8", 20))
    ]
    pd.DataFrame(rows).to_parquet(folder / "per_playlist.parquet", index=False)
    return artifact(PlaylistMetrics, folder)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    served = folder / "serving" / "12"
    served.mkdir(parents=True)
    model_run = artifact(standard_artifacts.ModelRun, folder / "curve")
    (folder / "curve" / "history.json").write_text('[{"step": 1, "loss": 0.5}]')
    (folder / "tuned").mkdir()
    trials = [{"trial_id": "0", "score": 0.4, "factors": 8}]
    (folder / "tuned" / "tuner_results.json").write_text(json.dumps(trials))
    frame = pd.DataFrame({"name": ["a", "b", "b", None], "num_edits": [1.0, 2.0, 3.0, 4.0]})
    (folder / "ingested").mkdir()
    counts = {"playlists": 6, "tracks": 20, "files": 1, "rejects": {"no_tracks": 3}}
    (folder / "ingested" / "ingest.json").write_text(json.dumps(counts))
    return {
        "ingested": [artifact(simple_artifacts.File, folder / "ingested")],
        "statistics": [statistics(folder / "stats", train=frame, eval=frame[:2])],
        "anomalies": [anomalies(folder / "validated", "train", "num_edits")],
        "comparison": [anomalies(folder / "compared", "train-to-eval")],
        "held_out": [held_out(folder / "held_out")],
        "transform_graph": [transform_graph(folder / "transform")],
        "transformed": [
            counted(
                artifact(standard_artifacts.Examples, folder / "transformed", ["train"]),
                "Transform",
                train=(4, 9),
            )
        ],
        "evaluation": [evaluation(folder / "evaluation")],
        "served": [served_model(folder / "looked", documents.ServedModel())],
        "metrics": [playlist_metrics(folder / "metrics")],
        "pushed_model": [
            artifact(
                standard_artifacts.PushedModel,
                folder / "pushed",
                pushed_destination=str(served),
                pushed_version="12",
                summary="pushed as version 12",
            )
        ],
        "model_of_als": [
            model(folder / "als", "als", params={"factors": 8}, playlists={"train": 4, "stop": 0})
        ],
        "model_of_popularity": [model(folder / "popularity", "popularity")],
        "model_run_of_als": [model_run],
        "model_run_of_popularity": [artifact(standard_artifacts.ModelRun, folder / "none")],
        "tuner_results_of_als": [artifact(standard_artifacts.TunerResults, folder / "tuned")],
    }


def run(folder, inputs, seconds_file=None):
    """Runs the executor; gives both documents."""
    output = artifact(RunReport, folder / "artifact")
    executor.Executor().Do(
        inputs,
        {"report": [output]},
        {
            "families": '["als", "popularity"]',
            "gate": '{"metric": "ndcg", "alpha": 0.05}',
            "config": '{"seed": 17, "data": "of another run", "gate": {}}',
            "data": "slices",
            "span": "4",
            "version": "1.2",
            "started": "2026-01-02T03:04:05+00:00",
            "destination": str(folder / "out" / "report"),
            "seconds_file": seconds_file,
        },
    )
    assert output.get_string_custom_property("summary") == (
        "details.json, index.html, metrics.json, per_playlist.parquet"
    )
    metrics = (folder / "artifact" / "metrics.json").read_text()
    details = (folder / "artifact" / "details.json").read_text()
    return (
        documents.RunMetrics.model_validate_json(metrics),
        documents.RunDetails.model_validate_json(details),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def report(inputs, folder):
    measured = folder / "seconds.json"
    measured.write_text('{"Ingest": 1.234, "Trainer.als": 2.0}')
    return run(folder, inputs, str(measured))


def test_the_figures_come_from_the_artifacts(report):
    metrics, details = report
    assert metrics.data.playlists == {"train": 4, "eval": 2}
    assert metrics.data.tracks == 5
    assert metrics.data.rejects == {"no_tracks": 3}
    assert metrics.models["als"].overall["ndcg"].mean == 0.5
    assert [test.baseline for test in metrics.tests] == ["popularity"]
    assert metrics.pushed_version == "12"
    assert metrics.push == "pushed as version 12"
    assert metrics.served == documents.ServedModel(comparison="none")
    assert metrics.blessing.reasons == ["Better than popularity."]
    assert metrics.seconds == {"Ingest": 1.23, "Trainer.als": 2.0}
    assert details.run.seconds == 3.2


def test_the_counts_of_all_stages_are_gathered_in_their_order(report):
    def amount(counts):
        return counts and (counts.playlists, counts.entries)

    found = {
        stage.stage: {k: amount(line.written or line.read) for k, line in stage.splits.items()}
        for stage in report[0].counts
    }
    assert list(found.items()) == [
        ("StatisticsGen", {"train": (4, None), "eval": (2, None)}),
        ("Holdout", {"eval": (2, 30)}),
        ("Transform", {"train": (4, 9)}),
        ("Trainer.als", {"train": (4, None), "stop": (0, None)}),
        ("Trainer.popularity", {}),
        ("Evaluator", {"eval": (2, None)}),
        ("Significance of als", {"eval": (2, 30)}),
        ("Significance of popularity", {"eval": (2, 30)}),
    ]


def test_the_details_say_what_was_run_and_how(report):
    _, details = report
    run = details.run
    assert (run.started, run.candidate) == ("2026-01-02T03:04:05+00:00", "als")
    assert (run.baselines, run.served) == (["popularity"], None)
    gate = {"metric": "ndcg", "alpha": 0.05}
    assert run.config == {"seed": 17, "data": "slices", "span": 4, "gate": gate}
    assert run.versions["segue"] == "1.2"
    assert details.training["als"].history == [{"step": 1, "loss": 0.5}]
    assert details.training["als"].params == {"factors": 8}
    assert details.training["popularity"].history == []
    assert [(t.trial, t.ndcg, t.values) for t in details.tuning["als"]] == [
        (0, 0.4, {"factors": 8})
    ]
    assert [check.passed for check in details.gate.checks] == [True]
    assert details.gate.model_dump()["alpha"] == 0.05


def test_the_details_describe_the_data(report):
    data = report[1].data
    rows = {row.name: row for row in data.features}
    assert (rows["name"].present_share, rows["name"].unique) == (0.75, 2)
    assert rows["name"].top == ["b", "a"]
    assert rows["num_edits"].mean == 2.5
    assert [(a.split, a.feature, a.description) for a in data.anomalies] == [
        ("train", "num_edits", "too small")
    ]
    assert (data.lengths.edges, data.lengths.counts) == ([10, 15, 20], [1, 1])
    assert data.vocabularies[features.TITLE_VOCABULARY] == 4


def test_an_example_shows_which_recommendations_had_been_withheld(report):
    (example,) = report[1].examples
    assert (example.title, example.scenario, example.withheld) == ("road trip", "title+first1", 2)
    assert [(song.track, song.artist) for song in example.seeds] == [("Track 0", "Artist 0")]
    # By popularity 0, 1, 4, 2, 3, and track 0 is the seed.
    assert [song.hit for song in example.recommended] == [False, True, False, False]


def test_the_evaluators_slices_have_their_intervals(report):
    whole, title = report[1].evaluator
    assert (whole.feature, whole.value) == ("", "")
    assert (title.feature, title.value) == (features.SCENARIO, "title")
    estimate = documents.Estimate(mean=0.5, ci_low=0.4, ci_high=0.6)
    assert whole.metrics == title.metrics == {"ndcg": estimate}


@pytest.mark.usefixtures("report")
def test_the_destination_holds_the_same_files_as_the_artifact(folder):
    made, copied = folder / "artifact", folder / "out" / "report"
    names = {"metrics.json", "details.json", "per_playlist.parquet", "index.html"}
    assert {path.name for path in made.iterdir()} == names
    assert {path.name for path in copied.iterdir()} == names
    assert all((made / name).read_bytes() == (copied / name).read_bytes() for name in names)
    assert "als" in (copied / "index.html").read_text()


def test_a_later_run_tells_what_is_true_then(inputs, tmp_path):
    gone = artifact(
        standard_artifacts.PushedModel,
        tmp_path / "pushed",
        pushed_destination=str(tmp_path / "serving" / "12"),
        pushed_version="12",
    )
    served = documents.ServedModel(
        version="9", family="popularity", comparison="not_made", reason="it saw them all"
    )
    looked = [served_model(tmp_path / "looked", served)]
    missing = str(tmp_path / "missing.json")
    metrics, details = run(tmp_path, {**inputs, "pushed_model": [gone], "served": looked}, missing)
    assert metrics.pushed_version is None, "it is not at its destination"
    assert metrics.served == served
    assert details.run.served == "popularity"
    assert "popularity, version 9" in (tmp_path / "out" / "report" / "index.html").read_text()
    assert (metrics.seconds, details.run.seconds) == ({}, None), "nobody measured"


def test_nothing_is_pushed_without_a_destination(tmp_path):
    assert facts.pushed_version(artifact(standard_artifacts.PushedModel, tmp_path)) is None

import json

import pytest
from tfx.types import artifact_utils, standard_artifacts

from pipeline.console import summaries


def artifact(kind, folder):
    made = kind()
    made.uri = str(folder)
    return made


@pytest.fixture
def trained(tmp_path):
    def make(history, card):
        run, model = tmp_path / "run", tmp_path / "model"
        extra = model / "Format-Serving" / "assets.extra"
        run.mkdir()
        extra.mkdir(parents=True)
        (run / "history.json").write_text(json.dumps(history))
        (extra / "segue.json").write_text(json.dumps({"family": "two_tower", **card}))
        return {
            "model_run": [artifact(standard_artifacts.ModelRun, run)],
            "model": [artifact(standard_artifacts.Model, model)],
        }

    return make


def test_training_tells_of_the_epoch_that_was_kept(trained):
    history = [
        {"epoch": 0, "stop_ndcg": 0.20},
        {"epoch": 1, "loss": 5.0, "stop_ndcg": 0.31},
        {"epoch": 2, "loss": 4.5, "stop_ndcg": 0.30},
    ]
    text = summaries.summarise(trained(history, {"fit_seconds": 12.34}))
    assert text == "epoch 1 · loss 5.0000 · stop NDCG 0.3100 · fitted in 12.3 s"


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ({"start": "served", "version": "7"}, "from version 7"),
        ({"start": "scratch", "reason": "it is damaged"}, "from scratch: it is damaged"),
    ],
)
def test_training_tells_what_it_started_from_and_its_last_epoch_where_none_was_chosen(
    trained, start, says
):
    history = [{"epoch": 0}, {"epoch": 1, "loss": 5.0}]
    text = summaries.summarise(trained(history, {"fit_seconds": 1.0, "start": start}))
    assert text == f"epoch 1 · loss 5.0000 · fitted in 1.0 s · {says}"


def test_a_family_without_a_curve_tells_its_time(trained):
    text = summaries.summarise(trained([], {"fit_seconds": 0.0}))
    assert text == "fitted in 0.0 s"


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        (
            {"3": 0.31, "0": 0.305, "1": 0.2},
            "3 trials · NDCG 0.3100 in trial 4, 0.3050 as configured",
        ),
        ({"0": 0.31, "1": 0.3}, "2 trials · none beats what is configured, NDCG 0.3100"),
        ({"1": 0.31}, "1 trials · NDCG 0.3100 in trial 2"),
    ],
)
def test_tuning_tells_the_best_trial_beside_what_is_configured(tmp_path, scores, says):
    rows = [{"trial_id": key, "score": value, "factors": 8} for key, value in scores.items()]
    (tmp_path / "tuner_results.json").write_text(json.dumps(rows))
    results = artifact(standard_artifacts.TunerResults, tmp_path)
    assert summaries.summarise({"tuner_results": [results]}) == says


def test_what_a_component_says_of_itself_comes_first():
    blessing = standard_artifacts.InfraBlessing()
    blessing.set_string_custom_property("summary", "a served copy answers as it should")
    outputs = {"model": [standard_artifacts.Model()], "blessing": [blessing]}
    assert summaries.summarise(outputs) == "a served copy answers as it should"


def test_anomalies_are_counted_by_severity(tmp_path):
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    found = anomalies_pb2.Anomalies()
    kinds = anomalies_pb2.AnomalyInfo
    for name, kind in (
        ("far", kinds.COMPARATOR_L_INFTY_HIGH),
        ("odd", kinds.ENUM_TYPE_UNEXPECTED_STRING_VALUES),
        ("low", kinds.INT_TYPE_SMALL_INT),
    ):
        found.anomaly_info[name].severity = kinds.ERROR
        found.anomaly_info[name].reason.add(type=kind)
    folder = tmp_path / "Split-eval"
    folder.mkdir()
    (folder / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    anomalies = artifact(standard_artifacts.ExampleAnomalies, tmp_path)
    anomalies.split_names = artifact_utils.encode_split_names(["eval"])
    text = summaries.summarise({"anomalies": [anomalies]})
    assert text == "2 errors, 1 warning"


def test_a_component_that_nobody_knows_has_nothing_to_say():
    assert summaries.summarise({"x": []}) == ""

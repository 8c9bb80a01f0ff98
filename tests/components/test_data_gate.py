import uuid

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_gate import anomalies, executor
from components.data_gate.options import ValidationOptions
from schema.curated import curated_schema
from schema.documents import CountsError
from tests.components.counts_fixture import counted

FOUND = """
anomaly_info {
  key: "collaborative"
  value {
    severity: ERROR
    reason { type: ENUM_TYPE_UNEXPECTED_STRING_VALUES description: "has the value maybe" }
  }
}
anomaly_info {
  key: "num_edits"
  value {
    severity: ERROR
    reason { type: COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH description: "far apart" }
  }
}
"""


@pytest.fixture
def found() -> list[anomalies.Anomaly]:
    return anomalies.rows("eval", text_format.Parse(FOUND, anomalies_pb2.Anomalies()))


def test_rows_call_a_broken_schema_an_error_and_a_distance_a_warning(found):
    assert [(a.feature, a.severity) for a in found] == [
        ("collaborative", "error"),
        ("num_edits", "warning"),
    ]


@pytest.mark.parametrize(
    ("fail_on", "tolerated", "stopping"),
    [
        ("error", (), ["collaborative"]),
        ("warning", (), ["collaborative", "num_edits"]),
        ("never", (), []),
        ("error", ("collaborative",), []),
        ("warning", ("ENUM_TYPE_UNEXPECTED_STRING_VALUES",), ["num_edits"]),
    ],
)
def test_what_stops_a_run_is_configured(found, fail_on, tolerated, stopping):
    assert [a.feature for a in anomalies.serious(found, fail_on, tolerated)] == stopping


def test_the_error_names_each_anomaly_and_the_way_out(found):
    with pytest.raises(anomalies.SeriousAnomaliesError) as error:
        executor._check(found, ValidationOptions())
    assert "has the value maybe" in str(error.value)
    assert "validation.tolerated" in str(error.value)
    assert "far apart" not in str(error.value)


def statistics_artifact(folder, **splits):
    """An ExampleStatistics artifact of data frames by split."""
    import tensorflow_data_validation as tfdv
    from tfx.types import artifact_utils, standard_artifacts

    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(list(splits))
    for name, frame in splits.items():
        split = folder / f"Split-{name}"
        split.mkdir(parents=True)
        computed = tfdv.generate_statistics_from_dataframe(frame)
        (split / "FeatureStats.pb").write_bytes(computed.SerializeToString())
    return artifact


@pytest.fixture
def gate(tmp_path, root):
    """Runs the component on collaborative flags by split, alone or after data that passed."""
    import pandas as pd
    from tfx.types import artifact_utils, standard_artifacts
    from tfx.types.experimental import simple_artifacts

    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(curated_schema())
    validated = standard_artifacts.ExampleAnomalies()
    validated.uri = str(tmp_path / "validated")
    validated.split_names = artifact_utils.encode_split_names([])

    def flags(true: int, false: int) -> pd.DataFrame:
        number = true + false
        tracks = {"track_uri": ["spotify:track:0"] * number}
        return pd.DataFrame({"collaborative": ["true"] * true + ["false"] * false, **tracks})

    def run(train, evaluation, fail_on="error", data="may", ingested=None, written=None):
        output = standard_artifacts.ExampleAnomalies()
        output.uri = str(tmp_path / "output" / uuid.uuid4().hex)
        current = statistics_artifact(
            tmp_path / "current" / uuid.uuid4().hex, train=flags(*train), eval=flags(*evaluation)
        )
        examples = standard_artifacts.Examples()
        examples.uri = str(tmp_path / "examples")
        there = {"train": (sum(train),) * 2, "eval": (sum(evaluation),) * 2}
        counted(examples, **{**there, **(written or {})})
        examples.set_string_custom_property("input_fingerprint", data)
        records = simple_artifacts.Dataset()
        records.set_string_custom_property("fingerprint", ingested or data)
        records.set_string_custom_property("directory", "gs://bucket/tfrecords")
        inputs = {
            "records": [records],
            "examples": [examples],
            "statistics": [current],
            "schema": [schema],
            "anomalies": [validated],
        }
        properties = {
            "options": ValidationOptions(fail_on=fail_on).model_dump_json(),
            "reference": str(tmp_path / "passed"),
        }
        executor.Executor().Do(inputs, {"comparison": [output]}, properties)
        run.summary = output.get_string_custom_property("summary")
        return [(a.split, a.feature) for a in anomalies.read_anomalies(output)]

    return run


def test_alike_splits_have_no_skew(gate):
    assert gate(train=(5, 95), evaluation=(5, 95)) == []
    assert gate.summary == "no skew · no other data has passed yet"


def test_skew_between_splits_is_told(gate):
    # The share of "true" is .05 against .50: apart by .45, more than the schema's .1.
    assert gate(train=(5, 95), evaluation=(50, 50)) == [("train-to-eval", "collaborative")]
    assert gate.summary == "1 warning · no other data has passed yet"


def test_examples_of_another_runs_data_stop_this_one(gate):
    with pytest.raises(executor.OtherDataError, match="gs://bucket/tfrecords while this one"):
        gate(train=(5, 95), evaluation=(5, 95), data="june", ingested="may")
    gate(train=(5, 95), evaluation=(5, 95), data="june", ingested="unknown-1")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ((101, 101), "ImportExampleGen wrote 101 playlists, 100 read: 1 lost"),
        ((99, 99), "ImportExampleGen wrote 99 playlists, 100 read: 1 too many"),
        ((100, 102), "ImportExampleGen wrote 102 track entries, 100 read: 2 lost"),
    ],
)
def test_statistics_of_other_playlists_than_there_are_stop_the_run(gate, written, told):
    with pytest.raises(CountsError, match=f"StatisticsGen: eval: {told}"):
        gate(train=(5, 95), evaluation=(5, 95), fail_on="never", written={"eval": written})


DRIFT = [("since-last-passed", "collaborative")]


def test_drift_since_the_last_data_that_passed_is_told(gate):
    gate(train=(60, 40), evaluation=(60, 40), data="may")
    assert gate(train=(5, 95), evaluation=(5, 95), data="june") == DRIFT
    assert gate.summary == "1 warning"
    assert gate(train=(6, 94), evaluation=(5, 95), data="july") == []
    assert gate.summary == "no skew, no drift"


def test_data_that_was_stopped_is_compared_with_the_same_again_until_it_passes(gate):
    gate(train=(60, 40), evaluation=(60, 40), data="may")
    for _ in range(2):
        with pytest.raises(anomalies.SeriousAnomaliesError, match="collaborative"):
            gate(train=(5, 95), evaluation=(5, 95), data="june", fail_on="warning")
    assert gate(train=(5, 95), evaluation=(5, 95), data="june") == DRIFT
    assert gate(train=(5, 95), evaluation=(5, 95), data="july", fail_on="warning") == []


def test_a_run_on_the_same_data_is_compared_with_what_passed_before_it(gate):
    for _ in range(3):
        assert gate(train=(60, 40), evaluation=(60, 40), data="may") == []
    for _ in range(3):
        assert gate(train=(5, 95), evaluation=(5, 95), data="june") == DRIFT
    assert gate(train=(60, 40), evaluation=(60, 40), data="may") == DRIFT
    assert gate(train=(60, 40), evaluation=(60, 40), data="july") == []


def test_only_what_may_still_be_asked_for_is_kept(gate, tmp_path):
    for data in ("may", "june", "july"):
        gate(train=(5, 95), evaluation=(5, 95), data=data)
    names = sorted(path.name for path in (tmp_path / "passed").iterdir())
    assert names == ["july.pb", "june.pb", "passed.json"]


def test_statistics_that_are_gone_are_no_reference(gate, tmp_path):
    gate(train=(60, 40), evaluation=(60, 40), data="may")
    gate(train=(60, 40), evaluation=(60, 40), data="june")
    (tmp_path / "passed" / "june.pb").unlink()
    assert gate(train=(5, 95), evaluation=(5, 95), data="july") == DRIFT


def test_a_shift_stops_the_run_only_if_warnings_do(gate):
    with pytest.raises(anomalies.SeriousAnomaliesError, match="collaborative"):
        gate(train=(5, 95), evaluation=(50, 50), fail_on="warning")

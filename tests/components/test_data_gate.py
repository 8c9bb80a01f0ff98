import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_gate import anomalies, executor
from components.data_gate.options import ValidationOptions
from schema.curated import curated_schema

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

    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(curated_schema())
    validated = standard_artifacts.ExampleAnomalies()
    validated.uri = str(tmp_path / "validated")
    validated.split_names = artifact_utils.encode_split_names([])

    def flags(true: int, false: int) -> pd.DataFrame:
        return pd.DataFrame({"collaborative": ["true"] * true + ["false"] * false})

    def run(train, evaluation, before=None, fail_on="error"):
        output = standard_artifacts.ExampleAnomalies()
        output.uri = str(tmp_path / "output")
        current = statistics_artifact(
            tmp_path / "current", train=flags(*train), eval=flags(*evaluation)
        )
        inputs = {"statistics": [current], "schema": [schema], "anomalies": [validated]}
        if before:
            earlier = statistics_artifact(tmp_path / "earlier", train=flags(*before))
            inputs["previous_statistics"] = [earlier]
        properties = {"options": ValidationOptions(fail_on=fail_on).model_dump_json()}
        executor.Executor().Do(inputs, {"comparison": [output]}, properties)
        run.summary = output.get_string_custom_property("summary")
        return [(a.split, a.feature) for a in anomalies.read_anomalies(output)]

    return run


def test_alike_splits_have_no_skew(gate):
    assert gate(train=(5, 95), evaluation=(5, 95)) == []
    assert gate.summary == "no skew, no drift"


def test_skew_between_splits_is_told(gate):
    # The share of "true" is .05 against .50: apart by .45, more than the schema's .1.
    assert gate(train=(5, 95), evaluation=(50, 50)) == [("train-to-eval", "collaborative")]
    assert gate.summary == "1 warning"


def test_drift_since_the_last_data_that_passed_is_told(gate):
    found = gate(train=(5, 95), evaluation=(5, 95), before=(60, 40))
    assert found == [("since-last-passed", "collaborative")]


def test_a_shift_stops_the_run_only_if_warnings_do(gate):
    with pytest.raises(anomalies.SeriousAnomaliesError, match="collaborative"):
        gate(train=(5, 95), evaluation=(50, 50), fail_on="warning")

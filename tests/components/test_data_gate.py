import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_gate import anomalies, executor

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
        executor._check(found, "error", [])
    assert "has the value maybe" in str(error.value)
    assert "validation.tolerated" in str(error.value)
    assert "far apart" not in str(error.value)

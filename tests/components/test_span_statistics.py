"""Statistics of spans: each is computed once, and one is compared with the next."""

from __future__ import annotations

import os

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.experimental import simple_artifacts
from tfx.utils import io_utils

from components.data_gate import anomalies
from components.data_gate import executor as data_gate
from components.ingest.window import Window
from components.span_statistics.executor import Executor, compared
from schema import artifacts
from schema.curated import curated_schema_path
from tests.components.ingest.span_fixture import Data, run


@pytest.fixture
def data(tmp_path):
    made = Data(tmp_path / "mpd")
    made.write(1, "a.json", dict.fromkeys(range(20), "one"))
    made.write(2, "a.json", dict.fromkeys(range(20), "again"))
    return made


@pytest.fixture
def execute(data, tmp_path):
    """Ingests a window of all spans and computes; gives the statistics."""

    def do(name):
        run(data.pattern, tmp_path / "records", Window(count=None))
        records, schema = simple_artifacts.Dataset(), standard_artifacts.Schema()
        records.uri = str(tmp_path / "records")
        records.set_string_custom_property(artifacts.DIRECTORY, str(tmp_path / "records"))
        schema.uri = os.path.dirname(curated_schema_path())
        copied = tmp_path / f"schema-{name}"
        copied.mkdir()
        content = io_utils.read_string_file(curated_schema_path())
        (copied / "schema.pbtxt").write_text(content)
        schema.uri = str(copied)
        made = standard_artifacts.ExampleStatistics()
        made.uri = str(tmp_path / name)
        inputs = {"records": [records], "schema": [schema]}
        Executor().Do(inputs, {"statistics": [made]}, {"place": str(tmp_path / "kept")})
        return made

    return do


def told(made):
    return made.get_string_custom_property(artifacts.SUMMARY)


def test_a_span_is_counted_once_and_compared_with_the_one_before(execute, data, tmp_path):
    first = execute("first")
    assert artifact_utils.decode_split_names(first.split_names) == ["span-1", "span-2"]
    assert told(first) == "2 spans, computed anew: 1, 2"
    schema = io_utils.parse_pbtxt_file(curated_schema_path(), schema_pb2.Schema())
    found = data_gate._between_spans([first], schema)
    rows = anomalies.measurements(found, anomalies.SPANS)
    (tracks,) = (row for row in rows if row.feature == "track_uri")
    assert (tracks.compared, tracks.measure) == ("span-1-to-span-2", "L-infinity")
    assert (tracks.value, tracks.threshold) == (0, 0.01), "the same tracks as before"
    assert "track_uri" in compared(schema)

    one_track = [{"track_uri": f"spotify:track:{'z' * 22}"}]
    data.write(3, "a.json", {})
    (data.folder / "span-3" / "a.json").write_text(
        '{"playlists": ['
        + ", ".join(
            f'{{"pid": {pid}, "tracks": [{{"track_uri": "{one_track[0]["track_uri"]}"}}]}}'
            for pid in range(100, 130)
        )
        + "]}"
    )
    second = execute("second")
    assert told(second) == "3 spans, computed anew: 3"
    found = data_gate._between_spans([second], schema)
    (tracks,) = (
        row
        for row in anomalies.measurements(found, "span-2")
        if (row.feature, row.compared) == ("track_uri", "span-2-to-span-3")
    )
    assert tracks.value == pytest.approx(1), "no track of before, and one alone"
    data.write(2, "a.json", dict.fromkeys(range(19), "changed"))
    assert told(execute("third")) == "3 spans, computed anew: 2"
    assert len(os.listdir(tmp_path / "kept")) == 3

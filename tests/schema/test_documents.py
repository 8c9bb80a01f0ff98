from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pytest

from schema import documents, rows
from schema.documents import Estimate, ModelSummary, RunDetails, RunMetrics, parse
from schema.documents.parsing import MAX_NAMED
from schema.published import FOLDER, PUBLISHED, json_schema


def read(content: Any, kind: type = RunMetrics) -> tuple[Any, list[str]]:
    return parse(kind, json.dumps(content), "metrics.json")


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_schema_is_that_of_the_models(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == json_schema(PUBLISHED[name]), (
        "python -m schema writes it anew"
    )


def test_a_document_comes_back_as_it_was_written() -> None:
    summary = ModelSummary(overall={"ndcg": Estimate(mean=0.25, ci_low=0.2, ci_high=0.3)})
    written = RunMetrics(models={"als": summary}, pushed_version="17")
    found, notes = parse(RunMetrics, written.to_json(), "metrics.json")
    assert found == written
    assert notes == []
    assert json.loads(written.to_json())["schema_version"] == documents.SCHEMA_VERSION


def test_a_document_without_a_version_is_read() -> None:
    found, notes = read({"models": {"als": {"overall": {"ndcg": {"mean": 0.5}}}}})
    assert found.models["als"].overall["ndcg"].mean == 0.5
    assert found.schema_version == 1
    assert notes == []


def test_a_newer_version_is_read_and_noted() -> None:
    found, notes = read({"schema_version": 99, "pushed_version": "3", "moods": {}})
    assert found.pushed_version == "3"
    assert "schema version 99" in notes[0]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_cannot_be_computed_is_null(number: float) -> None:
    assert json.loads(Estimate(mean=number).model_dump_json())["mean"] is None
    found, notes = read({"models": {"als": {"fit_seconds": number}}})
    assert found.models["als"].fit_seconds is None
    assert notes == []


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"blessing": {"blessed": "yes"}}, "blessing.blessed"),
        ({"models": {"als": {"overall": {"ndcg": {"mean": "3"}}}}}, "models.als.overall.ndcg.mean"),
        ({"models": [1]}, "models"),
        ({"seconds": {"Pusher": True}}, "seconds.Pusher"),
        ({"tests": [{}, 3, {"n": 1.5}]}, "tests.1"),
        ({"data": {"playlists": {"train": None}}}, "data.playlists.train"),
    ],
)
def test_a_part_that_does_not_validate_becomes_a_note(content: Any, path: str) -> None:
    _, notes = read(content)
    assert any(note.startswith(f"metrics.json: {path} is left out (") for note in notes)


def test_only_the_broken_part_is_lost() -> None:
    found, notes = read(
        {"tests": [{"metric": "ndcg"}, 1, 2, {"metric": "mrr"}], "models": {"als": {}, "x": 3}}
    )
    assert [test.metric for test in found.tests] == ["ndcg", "mrr"]
    assert list(found.models) == ["als"]
    assert len(notes) == 3


def test_many_broken_parts_are_counted() -> None:
    _, notes = read({"seconds": {str(n): "x" for n in range(20)}})
    assert len(notes) == MAX_NAMED + 1
    assert notes[-1] == f"metrics.json: {20 - MAX_NAMED} more parts are left out."


def test_rows_of_a_curve_keep_whole_numbers_whole() -> None:
    history = [{"epoch": 1, "loss": 2.0, "note": "x"}]
    found, notes = read({"training": {"als": {"history": history}}}, RunDetails)
    assert found.training["als"].history == [{"epoch": 1, "loss": 2.0}]
    assert isinstance(found.training["als"].history[0]["epoch"], int)
    assert len(notes) == 1


def test_settings_of_the_gate_are_kept_whatever_they_are() -> None:
    found, _ = read({"gate": {"metric": "ndcg", "alpha": 0.05}}, RunDetails)
    assert found.gate.metric == "ndcg"
    assert found.gate.model_extra == {"alpha": 0.05}
    assert json.loads(found.to_json())["gate"]["alpha"] == 0.05


def test_text_can_always_be_written_as_utf8() -> None:
    found, _ = read({"models": {"\ud800": {}}, "tests": [{"metric": "a\ud800b"}]})
    assert list(found.models) == ["?"]
    assert found.tests[0].metric == "a?b"


def test_numbers_without_bounds_are_no_numbers() -> None:
    assert read({"models": {"als": {"playlists": 10**400}}})[0].models["als"].playlists is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"models": ', "metrics.json is not valid JSON"),
        (b"\xff\xfe", "metrics.json is not valid JSON"),
        (b"[1, 2]", "metrics.json does not hold a JSON object"),
        (b"[" * 100_000, "metrics.json is not valid JSON"),
    ],
)
def test_what_is_no_document_reads_as_an_empty_one(content: bytes, message: str) -> None:
    found, notes = parse(RunMetrics, content, "metrics.json")
    assert found == RunMetrics()
    assert len(notes) == 1
    assert notes[0].startswith(message)


def test_rows_have_text_counts_and_metrics() -> None:
    schema = rows.arrow_schema(["ndcg", "clicks"])
    assert schema.names == [
        *("model", "split", "pid", "scenario", "holdout_hash"),
        *("num_seeds", "num_holdouts", "length", "unreachable"),
        *("ndcg", "clicks"),
    ]
    assert schema.field("pid").type == pa.string()
    assert schema.field("length").type == pa.int32()
    assert schema.field("clicks").type == pa.float64()

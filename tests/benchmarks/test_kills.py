"""What a soak of kills calls wrong, and what it compares, from figures and files made by hand."""

import json

import pandas as pd
import pytest

from benchmarks import kills
from components.ingest import manifest
from components.ingest.manifest import IngestResult, Manifest
from schema.documents import Blessing, DataSummary, ModelSummary, RunMetrics

GOOD = {
    "kills": [{"point": "Transform", "hit": True}],
    "differences": [],
    "versions": 1,
    "left": {"half_written": []},
}


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({}, []),
        ({"kills": [{"point": "Transform", "hit": False}]}, ["no kill at Transform"]),
        ({"versions": 2}, ["2 versions were pushed, not one"]),
        ({"differences": ["counts"]}, ["counts differs from the undisturbed run's"]),
        ({"left": {"half_written": ["a.part"]}}, ["a.part is left half written"]),
    ],
)
def test_failures(found, wrong):
    assert kills.failures(GOOD | found) == wrong


def run(out, *, train=4, ndcg=0.5, fit_seconds=1.0, version="1", playlists=4):
    """What a run leaves that is compared."""
    report = out / "report"
    report.mkdir(parents=True)
    metrics = RunMetrics(
        data=DataSummary(playlists={"train": train}),
        models={"als": ModelSummary(fit_seconds=fit_seconds)},
        blessing=Blessing(blessed=True, reasons=[f"version {version}"]),
        pushed_version=version,
        seconds={"Ingest": fit_seconds},
    )
    (report / "metrics.json").write_text(metrics.to_json())
    row = {"model": "als", "split": "eval", "pid": "1", "ndcg": ndcg}
    pd.DataFrame([row]).to_parquet(report / "per_playlist.parquet")
    (out / "tfrecords").mkdir()
    result = IngestResult(playlists, 9, 1, {})
    manifest.save(str(out / "tfrecords"), Manifest("data", version, {}, {"a": 1}, result))
    return out


def test_times_and_version_numbers_may_differ_and_nothing_else(tmp_path):
    whole = run(tmp_path / "whole")
    assert kills.differences(whole, run(tmp_path / "a", fit_seconds=2.0, version="2")) == []
    assert kills.differences(whole, run(tmp_path / "b", train=5)) == ["data of metrics.json"]
    assert kills.differences(whole, run(tmp_path / "c", ndcg=0.6)) == ["per_playlist.parquet"]
    assert kills.differences(whole, run(tmp_path / "d", playlists=5)) == ["the manifest of ingest"]


def test_what_is_left_is_named(tmp_path, monkeypatch):
    out = tmp_path / "out"
    for place in ("tfrecords/ingesting-1", "serving/segue/7", "serving/segue/8"):
        (out / place).mkdir(parents=True)
    (out / "serving/segue/8/saved_model.pb").write_bytes(b"")
    (out / "report.part").write_bytes(b"")
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary" / "x").write_bytes(bytes(2_000_000))
    leftover = {"kind": "leftover", "name": "Transform graph"}
    told = json.dumps({"collected": [leftover], "kept": [leftover, {"kind": "version"}]})
    done = type("Done", (), {"output": f"Would delete 1\n{told}\n"})
    monkeypatch.setattr(kills.harness, "segue", lambda *_: done)
    assert kills.left(out) == {
        "half_written": ["report.part", "tfrecords/ingesting-1"],
        "half_pushed": ["7"],
        "gc_collects": ["leftover Transform graph"],
        "gc_keeps_leftovers": ["Transform graph"],
        "temporary_mb": 2.0,
    }

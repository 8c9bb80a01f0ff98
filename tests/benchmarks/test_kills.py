"""What a soak of kills calls wrong, and what it compares, from figures and files made by hand."""

import json
import signal
import subprocess
import sys

import pandas as pd
import pytest
from tfx.dsl.components.common.resolver import Resolver

from benchmarks import harness, killed_call, kills, kills_left
from components.ingest import manifest
from components.ingest.manifest import IngestResult, Manifest
from pipeline import dag
from pipeline.overrides import load_config
from schema.documents import Blessing, DataSummary, ModelSummary, RunMetrics, SpanSummary

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
    figures = {"histories": {"slices": GOOD, "spans": GOOD | found}}
    assert kills.failures(figures) == [f"spans: {what}" for what in wrong]


def test_a_history_without_figures_fails():
    assert kills.failures({"histories": {"slices": GOOD}}) == ["no figures of spans"]


def nodes(*settings):
    """What a run's DAG has that does work, in its order; resolvers only look into ML Metadata."""
    given = [*kills.SETTINGS, "data=data/span-{SPAN}", "out=out", *settings]
    config = load_config(None, given)
    pipeline = dag.create_pipeline(config, dag.Paths.under(config))
    return [node.id for node in pipeline.components if not isinstance(node, Resolver)]


def test_every_node_that_does_work_has_a_point_in_the_order_of_the_dag():
    points = kills.HISTORIES["slices"].points
    assert list(dict.fromkeys(point.node for point in points)) == nodes()


def test_the_points_of_spans_follow_the_dag_too():
    history = kills.HISTORIES["spans"]
    points = dict.fromkeys(point.node for point in history.points)
    in_order = [node for node in nodes(*history.settings) if node in points]
    assert list(points) == in_order


def test_the_functions_that_a_run_is_killed_at_exist(monkeypatch):
    monkeypatch.setattr(killed_call, "setattr", lambda *_: None, raising=False)
    for history in kills.HISTORIES.values():
        for point in history.points:
            if point.called:
                killed_call.arm(point.called, point.ends)


@pytest.mark.parametrize(("ends", "code"), [("there", -signal.SIGKILL), ("elsewhere", 0)])
def test_a_call_with_the_right_path_is_the_end(tmp_path, ends, code):
    program = [sys.executable, "-m", "benchmarks.killed_call"]
    killed = [*program, "pathlib:Path.mkdir", ends]
    command = [*killed, "sample", "--playlists", "2", "--output", str(tmp_path / "there")]
    done = subprocess.run(
        command, cwd=harness.ROOT, capture_output=True, start_new_session=True, check=False
    )
    assert done.returncode == code, done.stderr


def run(out, *, train=4, ndcg=0.5, fit_seconds=1.0, version="1", playlists=4, blessed=True, new=1):
    """What a run leaves that is compared."""
    report = out / "report"
    report.mkdir(parents=True)
    metrics = RunMetrics(
        data=DataSummary(playlists={"train": train}, spans={"1": SpanSummary(ingested=new)}),
        models={"als": ModelSummary(fit_seconds=fit_seconds)},
        blessing=Blessing(blessed=blessed, reasons=[f"version {version}"]),
        pushed_version=version,
        seconds={"Ingest": fit_seconds},
    )
    (report / "metrics.json").write_text(metrics.to_json())
    row = {"model": "als", "split": "eval", "pid": "1", "ndcg": ndcg}
    pd.DataFrame([row]).to_parquet(report / "per_playlist.parquet")
    (out / "tfrecords").mkdir()
    result = IngestResult(playlists, 9, 1, {}, spans={"1": {"ingested": new}})
    manifest.save(str(out / "tfrecords"), Manifest("data", version, {}, {"a": 1}, result))
    return out


def test_times_and_version_numbers_may_differ_and_nothing_else(tmp_path):
    whole = run(tmp_path / "whole")
    assert (
        kills_left.differences(whole, run(tmp_path / "a", fit_seconds=2.0, version="2", new=0))
        == []
    )
    assert kills_left.differences(whole, run(tmp_path / "b", train=5)) == ["data of metrics.json"]
    assert kills_left.differences(whole, run(tmp_path / "c", ndcg=0.6)) == ["per_playlist.parquet"]
    assert kills_left.differences(whole, run(tmp_path / "d", playlists=5)) == [
        "the manifest of ingest"
    ]
    not_blessed = run(tmp_path / "e", blessed=False)
    assert kills_left.differences(whole, not_blessed) == ["blessed of metrics.json"]


def test_what_is_left_is_named(tmp_path, monkeypatch):
    out = tmp_path / "out"
    for place in (
        "tfrecords/ingesting-1",
        "tfrecords/span-1/ingesting-2",
        "serving/segue/7",
        "serving/segue/8",
    ):
        (out / place).mkdir(parents=True)
    (out / "serving/segue/8/saved_model.pb").write_bytes(b"")
    (out / "report.part").write_bytes(b"")
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary" / "x").write_bytes(bytes(2_000_000))
    leftover = {"kind": "leftover", "name": "Transform graph"}
    told = json.dumps({"collected": [leftover], "kept": [leftover, {"kind": "version"}]})
    done = type("Done", (), {"output": f"Would delete 1\n{told}\n"})
    monkeypatch.setattr(kills_left.harness, "segue", lambda *_: done)
    assert kills_left.left(out) == {
        "half_written": [
            "report.part",
            "tfrecords/ingesting-1",
            "tfrecords/span-1/ingesting-2",
        ],
        "half_pushed": ["7"],
        "gc_collects": ["leftover Transform graph"],
        "gc_keeps_leftovers": ["Transform graph"],
        "temporary_mb": 2.0,
    }

"""`segue runs`, out of ML Metadata that runs of a toy wrote."""

import dataclasses
import os
import shutil

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.lifecycle import metadata, records
from pipeline.runners import launch
from schema import output_lock
from schema.layout import Layout


def test_runs_are_told_with_all_that_came_of_them(toy, segue):
    toy.run("11", settings=("gate.alpha=0.01",))
    toy.run("12", seed=2, blessed=0)
    found = segue("runs")
    refused, first = found.runs
    assert (found.status, found.served_version) == ("ok", "11")
    assert (first.state, first.blessed, first.pushed_version) == ("finished", True, "11")
    assert (first.served, first.labels) == (True, [])
    assert (refused.state, refused.blessed, refused.pushed_version) == ("finished", False, None)
    assert not refused.served
    assert (first.nodes, first.cached, refused.cached) == (6, 0, 2)
    assert (first.data.pattern, first.data.read) == ("slices", "slices/*.json")
    assert (first.data.fingerprint, first.data.span) == ("one", "latest")
    assert first.data.playlists == {"train": 7, "eval": 3}
    assert (first.candidate, first.metrics["ndcg"].mean) == ("als", 0.25)
    assert (first.version, first.commit) == ("9.9", "c0ffee+")
    assert first.started <= refused.started
    assert first.seconds > 0


def test_a_run_whose_every_node_came_from_the_cache(toy, segue):
    toy.run("11")
    assert all(node.cached for node in toy.run("11").values())
    again, first = segue("runs").runs
    assert (again.nodes, again.cached) == (6, 6)
    assert again.metrics == first.metrics
    assert (again.pushed_version, again.served, again.state) == ("11", True, "finished")


def test_failed_killed_and_running(toy, segue):
    toy.run("11")
    with pytest.raises(launch.NodeFailedError):
        toy.run("12", seed=2, fails=True)
    with pytest.raises(KeyboardInterrupt):
        toy.run("13", seed=3, stop_at="Significance")
    killed, failed, first = segue("runs").runs
    assert (killed.state, killed.nodes, killed.seconds) == ("interrupted", 3, None)
    assert (killed.blessed, killed.metrics) == (None, {})
    assert (failed.state, failed.failed_node) == ("failed", "Trainer.als")
    assert failed.error == "the towers fell all of them"
    assert first.state == "finished"
    with output_lock.taken(str(toy.out), "segue run"):
        states = [run.state for run in segue("runs").runs]
    assert states == ["running", "failed", "finished"]


def test_labels_follow_the_release_record(toy, segue, release):
    for number in ("11", "12", "13"):
        toy.run(number, seed=int(number))
    release((11, 12))
    found = segue("runs")
    assert found.served_version == "11", "the record counts, not the highest version"
    labels = {run.pushed_version: run.labels for run in found.runs}
    assert labels == {"11": ["stable"], "12": ["canary"], "13": []}


def test_a_run_whose_report_is_gone_is_listed_without_figures(toy, segue):
    toy.run("11")
    shutil.rmtree(toy.out / "pipeline_root" / "Report")
    (run,) = segue("runs").runs
    assert (run.state, run.metrics, run.blessed) == ("finished", {}, True)


def test_a_shared_database_knows_a_directory_by_a_link_to_it_too(toy, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(toy.out, target_is_directory=True)
    dataclasses.replace(toy, out=link).run("11")
    store = metadata.opened(toy.config().metadata, Layout.under(str(toy.out)).metadata)
    assert len(records.read(store, os.path.realpath(toy.out)).runs) == 1
    assert not records.read(store, os.path.realpath(tmp_path)).runs


def test_nothing_is_made_where_no_run_was(segue, tmp_path):
    found = segue("runs", out=tmp_path / "none", code=1)
    assert found.error.startswith(f"{tmp_path}/none/metadata.db is missing")
    assert not (tmp_path / "none").exists()


def test_what_is_no_metadata_store_is_said_to_be_none(toy, segue):
    (toy.out / "metadata.db").write_text("x" * 5000)
    assert "is not a metadata store that can be read" in segue("runs", code=1).error


def test_a_person_reads_it(toy):
    toy.run("11")
    done = CliRunner().invoke(app, ["runs", "--out", str(toy.out)])
    assert "blessed · version 11 · served now" in done.stdout
    assert "als · ndcg 0.2500" in done.stdout
    assert "0 of 6 nodes from the cache" in done.stdout

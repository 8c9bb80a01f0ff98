"""What version 0.1 left is read: its documents, model, release record and metadata."""

from __future__ import annotations

import json
import pathlib
import shutil

import pytest
from tfx.types import standard_artifacts
from typer.testing import CliRunner

from pipeline.cli import app
from report.loading import load
from sample.generator import write_slices
from schema.layout import Layout
from schema.model_card import ModelCard
from schema.status import StatusLine
from serving.protocol.model_config import read_model_config
from serving.release import ReleaseRecord
from serving.server import ModelServer, ServerOptions

VERSION = 1795731371
TRACKS = 1503


def status(*arguments: object, code: int = 0):
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return StatusLine.model_validate_json(done.stdout).root


def test_the_model_card_is_read(earlier_out):
    card = ModelCard.read(str(earlier_out / "serving" / "segue" / str(VERSION)))
    assert (card.schema_version, card.family, card.catalogue_size) == (None, "als", TRACKS)
    assert card.params["factors"] == 8
    assert card.vocabularies == {"artists": 233, "title_ngrams": 642}
    assert card.train_playlists == 86
    assert (card.split, card.source_hash) == (None, None)


def test_the_report_is_drawn_from_its_documents(earlier_out):
    results = load(earlier_out / "report")
    assert results.notes == ()
    assert (results.candidate, results.models) == ("als", ["als", "popularity"])
    assert results.metrics.pushed_version == str(VERSION)
    assert results.metrics.blessing.blessed
    assert results.details.run.versions["segue"] == "0.1.0"
    assert len(results.rows) == 2 * (41 + 23)
    found = status("report", "--out", earlier_out)
    page = (earlier_out / "report" / "index.html").read_text()
    assert found.report == str(earlier_out / "report" / "index.html")
    assert "als is blessed" in page
    assert "could not be drawn" not in page


def test_its_models_are_compared(earlier_out):
    found = status("compare", earlier_out, earlier_out, "--model-a=popularity", "--model-b=als")
    assert (found.status, found.a, found.b) == ("ok", "popularity", "als")
    assert (found.playlists.shared, found.playlists.only_a) == (41, 0)
    (ndcg,) = (test for test in found.tests if test.metric == "ndcg")
    assert ndcg.significant
    means = found.models["als"]["ndcg"].mean, found.models["popularity"]["ndcg"].mean
    assert means == pytest.approx((0.4458, 0.3261), abs=1e-4)
    assert ndcg.mean_difference == pytest.approx(means[0] - means[1])


def test_its_model_recommends(earlier_out, tmp_path):
    challenge, output = tmp_path / "challenge.json", tmp_path / "submission.csv"
    playlist = {"pid": 1, "name": "road trip", "num_holdouts": 5, "num_samples": 0, "tracks": []}
    challenge.write_text(json.dumps({"playlists": [playlist]}))
    base = Layout.under(str(earlier_out)).serving
    found = status("recommend", "--model", base, "--challenge", challenge, "--output", output)
    assert (found.status, found.playlists, found.short) == ("ok", 1, 0)
    row = output.read_text().splitlines()[-1].split(",")
    assert len(set(row)) == 1 + 500


def test_its_model_is_served_and_its_releases_go_on(earlier_out):
    base, config = earlier_out / "serving" / "segue", earlier_out / "serving" / "models.config"
    newer = VERSION + 1
    shutil.copytree(base / str(VERSION), base / str(newer))
    options = ServerOptions(port=0, allow_version_labels_for_unavailable_models=True)
    with ModelServer(read_model_config(config), options) as server:
        asked = ["--target", server.target, "--name", "road trip", "--label", "stable"]
        (answer,) = status("query", *asked).answers
        assert (answer.name, answer.model_version) == ("road trip", VERSION)
        assert [track.rank for track in answer.recommendations] == list(range(1, 11))
        assert all(track.artist_name for track in answer.recommendations)

        there = ["--target", server.target, "--model-base", base, "--model-config-file", config]
        found = status("release", "status", *there)
        assert (found.status, found.stable, found.canary) == ("ok", VERSION, None)
        assert found.stable_since == "2026-11-26T22:21:48+00:00"
        assert [(each.version, each.state) for each in found.versions] == [(VERSION, "AVAILABLE")]

        found = status("release", "promote", newer, "--canary", *there)
        assert (found.command, found.stable, found.canary) == ("release promote", VERSION, newer)
        assert status("release", "promote", *there).stable == newer
        assert status("release", "status", *there).previous_stable == VERSION
        found = status("release", "rollback", *there)
        assert (found.command, found.status, found.stable) == ("release rollback", "ok", VERSION)
    first, *_, last = ReleaseRecord(config.with_name("releases.json"), "segue").releases
    assert (first.action, last.action) == ("promote", "rollback")
    assert last.metrics == first.metrics
    assert last.metrics["ndcg"] == pytest.approx(0.4458, abs=1e-4)


def test_a_run_goes_on_in_its_metadata(earlier_out):
    """New nodes and their artifacts find room beside the old."""
    from tfx.dsl.compiler.compiler import Compiler
    from tfx.orchestration import metadata
    from tfx.orchestration.portable.mlmd import common_utils

    from pipeline import dag
    from pipeline.overrides import load_config

    out = str(earlier_out)
    config = load_config(None, data="slices", out=out)
    connection = metadata.sqlite_metadata_connection_config(Layout.under(out).metadata)
    built = dag.create_pipeline(config, dag.Paths.under(config), connection)
    with metadata.Metadata(connection) as handle:
        for compiled in Compiler().compile(built).nodes:
            node = compiled.pipeline_node
            made = [output.artifact_spec.type for output in node.outputs.outputs.values()]
            for kind in (node.node_info.type, *made):
                assert common_utils.register_type_if_not_exist(handle, kind).id


def test_its_first_nodes_run_there(earlier_out, tmp_path):
    """Until a user interrupts it: models take long."""
    from tfx.orchestration import metadata

    from pipeline import dag
    from pipeline.overrides import load_config
    from pipeline.runners import launch, repair

    write_slices(tmp_path / "slices", 60, seed=1, slice_size=30)
    out = str(earlier_out)
    config = load_config(None, data=str(tmp_path / "slices"), out=out)
    paths = dag.Paths.under(config).with_schema_pinned()
    store = metadata.sqlite_metadata_connection_config(Layout.under(out).metadata)
    assert repair.forget_missing(store) > 0, "the fixture has none of its artifacts"
    done = {}

    def start(node_id):
        if node_id == "Transform":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch.launch(
            dag.create_pipeline(config, paths, store),
            start,
            lambda node: done.update({node.node_id: node}),
        )
    assert {"Ingest", "ImportExampleGen", "DataGate", "Holdout"} <= done.keys()
    assert not any(node.cached for node in done.values())
    assert done["Holdout"].outputs["held_out"]


def test_what_it_serves_is_compared_with(earlier_out, tmp_path):
    """By its destination and its release record, without its metadata."""
    from components.register.options import RegistryOptions
    from components.served_model.component import ServedModel
    from schema.splits import SplitConfig
    from tests.components.served_model.served_toy import example, examples

    (earlier_out / "metadata.db").unlink()
    places = Layout.under(str(earlier_out))
    tracks = (pathlib.Path(places.serving) / str(VERSION) / "assets" / "tracks.txt").read_bytes()
    first, second, *_ = tracks.split(b"\n")
    candidate, output = standard_artifacts.Model(), standard_artifacts.Model()
    candidate.uri, output.uri = str(tmp_path / "candidate"), str(tmp_path / "served")
    (tmp_path / "candidate" / "Format-Serving").mkdir(parents=True)
    ServedModel.EXECUTOR_SPEC.executor_class().Do(
        {
            "candidate": [candidate],
            "examples": [examples(tmp_path / "held_out", [example([first], [second])])],
        },
        {"model": [output]},
        {
            "destination": places.serving,
            "release_record": places.releases,
            "registry": RegistryOptions(uri=places.registry).model_dump_json(),
            "registered_model": "segue",
            "split": SplitConfig().model_dump_json(),
        },
    )
    found = json.loads((tmp_path / "served" / "served.json").read_text())
    assert (found["version"], found["family"], found["pinned"]) == (str(VERSION), "als", True)
    assert found["comparison"] == "made"
    assert "does not say under which split" in found["reason"]

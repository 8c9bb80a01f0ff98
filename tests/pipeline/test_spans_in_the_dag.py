"""Spans as the local runner reads them: what is ingested anew, and what the Examples hold."""

import json
import pathlib

import pytest
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

from components.ingest import summary
from pipeline import beam_args, dag
from pipeline.overrides import load_config
from pipeline.runners import launch
from schema import artifacts
from schema.layout import Layout
from schema.splits import SPLITS
from tests.components.ingest.span_fixture import Data, titles


@pytest.fixture
def data(tmp_path):
    made = Data(tmp_path / "mpd")
    made.write(1, "a.json", dict.fromkeys(range(40), "one"))
    made.write(2, "a.json", dict.fromkeys(range(30, 60), "two"))
    return made


@pytest.fixture
def begin(data, tmp_path):
    """Runs the first two nodes of the DAG; gives what became of each, by id."""
    out = str(tmp_path / "out")

    def run(*settings):
        config = load_config(None, settings, data=data.pattern, out=out)
        paths = dag.Paths.under(config)
        first = Pipeline(
            pipeline_name=config.name,
            pipeline_root=paths.pipeline_root,
            components=[*dag.raw_to_examples(config, paths)],
            enable_cache=True,
            metadata_connection_config=(
                sqlite_metadata_connection_config(Layout.under(out).metadata)
            ),
            beam_pipeline_args=beam_args.in_process(config),
        )
        results = {}
        launch.launch(first, lambda _: None, lambda node: results.update({node.node_id: node}))
        return results

    return run


def held(nodes):
    """Titles by pid in all splits of the Examples."""
    uri = pathlib.Path(nodes["ImportExampleGen"].outputs["examples"][0].uri)
    found = [titles(uri / f"Split-{split}") for split in SPLITS]
    assert sum(map(len, found)) == len({pid for part in found for pid in part})
    return {pid: title for part in found for pid, title in part.items()}


def prints(nodes):
    made = nodes["ImportExampleGen"].outputs["examples"][0]
    return json.loads(made.get_string_custom_property(artifacts.SPANS))


def run_ids(tmp_path):
    return {
        path.parent.name: json.loads(path.read_text())["run_id"]
        for path in tmp_path.glob("out/tfrecords/span-*/manifest.json")
    }


def test_a_span_follows_another(begin, data, tmp_path):
    first = begin("window=null")
    two = {pid: "one" if pid < 30 else "two" for pid in range(60)}
    assert held(first) == two
    before = run_ids(tmp_path)
    again = begin("window=null")
    assert again["Ingest"].cached
    assert again["ImportExampleGen"].cached

    data.write(3, "a.json", {0: "three", **dict.fromkeys(range(60, 80), "three")})
    third = begin("window=null")
    assert not third["Ingest"].cached
    assert held(third) == {**two, 0: "three", **dict.fromkeys(range(60, 80), "three")}
    after = run_ids(tmp_path)
    assert {name: after[name] for name in before} == before
    assert prints(third)["2"] == prints(first)["2"]
    assert third["ImportExampleGen"].outputs["examples"][0].span == 3
    result = summary.read(third["Ingest"].outputs["summary"][0])
    assert (result.playlists, result.updated) == (80, 11)

    moved = begin("window=2")
    assert held(moved) == {pid: title for pid, title in held(third).items() if pid in held(moved)}
    assert sorted(held(moved)) == [0, *range(30, 80)]
    assert run_ids(tmp_path) == after
    assert sorted(held(begin("span=1"))) == [*range(40)]
    assert run_ids(tmp_path) == after
    back = begin("window=null")
    assert back["ImportExampleGen"].cached, "its Examples are there"


def test_a_lost_span_is_told_though_the_records_are_the_same(begin, data):
    first = begin("window=null")
    data.lose(1)
    second = begin("window=null")
    assert second["ImportExampleGen"].cached
    assert held(second) == held(first)
    line = second["Ingest"].outputs["summary"][0].get_string_custom_property("summary")
    assert line.endswith("the slices of span 1 are gone, the records were kept")
    assert begin("window=null")["Ingest"].cached


def test_a_list_of_deletions(begin, tmp_path):
    listed = tmp_path / "deletions.txt"
    listed.write_text("3\n55\n")
    first = begin("window=null", f"deletions={listed}")
    assert sorted(held(first)) == [pid for pid in range(60) if pid not in (3, 55)]
    assert begin("window=null", f"deletions={listed}")["Ingest"].cached
    listed.write_text("4")
    other = begin("window=null", f"deletions={listed}")
    assert 4 not in held(other)
    listed.write_text("four")
    with pytest.raises(launch.NodeFailedError) as error:
        begin("window=null", f"deletions={listed}")
    assert "line 1: 'four' is not a pid" in str(error.value.__cause__)


def test_a_window_needs_spans():
    with pytest.raises(ValueError, match=r"window: takes several spans, but data \(mpd\) has no"):
        load_config(None, ["window=3"], data="mpd")
    with pytest.raises(ValueError, match="window"):
        load_config(None, ["window=0"], data="mpd")

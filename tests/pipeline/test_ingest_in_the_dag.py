"""Ingest and ExampleGen as the local runner runs them, cache included."""

import os
import pathlib
import shutil

import pytest
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

from components.ingest import summary
from pipeline import beam_args, dag
from pipeline.overrides import load_config
from pipeline.runners import launch, repair
from sample.generator import write_slices
from schema.layout import Layout


@pytest.fixture
def data(tmp_path):
    write_slices(tmp_path / "data", 30, seed=1, slice_size=10)
    return tmp_path / "data"


@pytest.fixture
def begin(data, tmp_path):
    """Runs the first two nodes of the DAG; gives what became of each, by id."""
    out = str(tmp_path / "out")

    def run(*settings, source=data):
        config = load_config(None, settings, data=str(source), out=out)
        paths = dag.Paths.under(config)
        first = Pipeline(
            pipeline_name=config.name,
            pipeline_root=paths.pipeline_root,
            components=[*dag.raw_to_examples(config, paths)],
            enable_cache=True,
            metadata_connection_config=(
                sqlite_metadata_connection_config(Layout.under(out).metadata)
            ),
            beam_pipeline_args=beam_args.on_this_machine(config, "Ingest"),
        )
        results = {}
        launch.launch(first, lambda _: None, lambda node: results.update({node.node_id: node}))
        return results

    return run


def examples(nodes):
    return nodes["ImportExampleGen"].outputs["examples"][0]


def records(nodes):
    return sorted(pathlib.Path(examples(nodes).uri).glob("Split-*/*"))


def test_the_cache_follows_content_and_destination(begin, data, tmp_path):
    first = begin()
    assert not first["Ingest"].cached
    assert summary.read(first["Ingest"].outputs["summary"][0]).playlists == 30
    for path in data.iterdir():
        os.utime(path, (1, 1))
    again = begin()
    assert again["Ingest"].cached
    assert again["ImportExampleGen"].cached
    assert examples(again).uri == examples(first).uri

    copied = begin(source=shutil.copytree(data, tmp_path / "copy"))
    assert copied["Ingest"].cached
    assert copied["ImportExampleGen"].cached

    changed = min(data.iterdir())
    changed.write_text(changed.read_text().replace("spotify:track:0", "spotify:track:1", 1))
    os.utime(changed, (1, 1))
    other = begin()
    assert not other["Ingest"].cached
    assert examples(other).uri != examples(first).uri

    shutil.rmtree(tmp_path / "out" / "tfrecords")
    anew = begin()
    assert not anew["Ingest"].cached, "what it wrote is gone"
    assert (tmp_path / "out" / "tfrecords" / "manifest.json").exists()
    assert examples(anew).uri == examples(other).uri, "the same records, written later"


def test_how_beam_runs_is_no_part_of_the_cache_s_key(begin):
    begin()
    assert begin("beam.pipeline_args=[--direct_num_workers=1, --job_name=another]")["Ingest"].cached


def test_going_back_to_earlier_data_takes_what_was_made_of_it(begin, data, tmp_path):
    write_slices(tmp_path / "other", 30, seed=2, slice_size=10)
    first = begin()
    contents = {path.name: path.read_bytes() for path in records(first)}
    other = begin(source=tmp_path / "other")
    assert not other["ImportExampleGen"].cached
    again = begin()
    assert not again["Ingest"].cached, "the records of the other data lie there"
    assert again["ImportExampleGen"].cached
    assert examples(again).id == examples(first).id, "all that reads them is cached as well"
    assert {path.name: path.read_bytes() for path in records(again)} == contents


def test_deleted_artifacts_are_no_longer_given_out(begin, tmp_path):
    store = sqlite_metadata_connection_config(Layout.under(str(tmp_path / "out")).metadata)
    first = begin()
    assert repair.forget_missing(store) == 0
    shutil.rmtree(tmp_path / "out" / "pipeline_root")
    assert repair.forget_missing(store) == 4
    assert repair.forget_missing(store) == 0, "they are known to be gone"
    again = begin()
    assert not again["ImportExampleGen"].cached
    assert examples(again).uri != examples(first).uri
    assert os.path.isdir(examples(again).uri)


def test_records_that_were_cut_in_place_are_not_given_out_either(begin, tmp_path):
    """On a local disk the Examples are the same files."""
    store = sqlite_metadata_connection_config(Layout.under(str(tmp_path / "out")).metadata)
    first = begin()
    contents = {path.name: path.read_bytes() for path in records(first)}
    (tmp_path / "out" / "tfrecords" / min(contents)).write_bytes(b"")
    assert repair.forget_missing(store) == 1
    again = begin()
    assert not again["Ingest"].cached
    assert not again["ImportExampleGen"].cached
    assert {path.name: path.read_bytes() for path in records(again)} == contents
    assert repair.forget_missing(store) == 0


def test_a_failed_ingest_says_so_at_its_turn(begin, tmp_path):
    with pytest.raises(launch.NodeFailedError) as error:
        begin(source=tmp_path / "nowhere")
    assert error.value.node_id == "Ingest"
    assert "no slice found" in str(error.value.__cause__)

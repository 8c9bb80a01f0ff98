"""Spans as the local runner reads them: what is ingested anew, and what the Examples hold."""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

from components.holdout.component import Holdout
from components.ingest import summary
from components.transform.analysis import PLACE
from components.transform.component import Transform
from pipeline import beam_args, dag
from pipeline.overrides import load_config
from pipeline.runners import launch
from schema import artifacts, features
from schema.curated import curated_schema_path
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
    """Runs the first nodes of the DAG; gives what became of each, by id."""
    out = str(tmp_path / "out")

    def run(*settings, more=lambda *_: []):
        config = load_config(None, settings, data=data.pattern, out=out)
        paths = dag.Paths.under(config)
        ingest, example_gen = dag.raw_to_examples(config, paths)
        first = Pipeline(
            pipeline_name=config.name,
            pipeline_root=paths.pipeline_root,
            components=[ingest, example_gen, *more(config, paths, example_gen)],
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


def transformed(keep):
    """The nodes from Examples to what models train on."""

    def more(config, paths, example_gen):
        schema = ImportSchemaGen(schema_file=curated_schema_path())
        holdout = Holdout(
            examples=example_gen.outputs["examples"],
            options=config.holdout.model_dump_json(),
            seed=1,
            source_hash="v1",
        )
        transform = Transform(
            examples=holdout.outputs["training"],
            schema=schema.outputs["schema"],
            preprocessing_fn="models.transform.preprocessing.preprocessing_fn",
            custom_config={
                "min_counts": config.transform.min_counts(),
                PLACE: paths.analysis if keep else "",
            },
        )
        return [schema, holdout, transform]

    return more


def graph_of(nodes):
    return nodes["Transform"].outputs["transform_graph"][0]


def rows(nodes):
    """The transformed playlists of each split, by pid."""
    (made,) = nodes["Transform"].outputs["transformed_examples"]
    spec = tft.TFTransformOutput(graph_of(nodes).uri).transformed_feature_spec()
    found = {}
    for split in ("train", "stop"):
        files = sorted(map(str, pathlib.Path(made.uri, f"Split-{split}").glob("*")))
        for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
            values = tf.io.parse_single_example(record, spec)
            row = {
                name: np.asarray(value.values if hasattr(value, "values") else value)
                for name, value in values.items()
            }
            found[split, row[features.transformed_name(features.PID)].item()] = row
    return found


def test_only_the_next_span_is_analysed(begin, data, tmp_path):
    first = begin("window=null", more=transformed(keep=True))
    assert graph_of(first).get_string_custom_property(artifacts.ANALYSED) == "[1, 2]"
    entries = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/analysis/*/*/*")}
    assert {path.parent.name[:10] for path in entries} == {"span-00001", "span-00002"}
    assert begin("window=null", more=transformed(keep=True))["Transform"].cached

    data.write(3, "a.json", dict.fromkeys(range(60, 90), "three"))
    second = begin("window=null", more=transformed(keep=True))
    assert graph_of(second).get_string_custom_property(artifacts.ANALYSED) == "[3]"
    now = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/analysis/*/*/*")}
    assert {path: now[path] for path in entries} == entries
    assert {path.parent.name[:10] for path in now} == {"span-00001", "span-00002", "span-00003"}

    plain = begin("window=null", more=transformed(keep=False))
    assert plain["Holdout"].cached
    assert not plain["Transform"].cached
    for path in pathlib.Path(graph_of(plain).uri, "transform_fn", "assets").iterdir():
        twin = pathlib.Path(graph_of(second).uri, "transform_fn", "assets", path.name)
        assert path.read_bytes() == twin.read_bytes(), path.name
    expected, found = rows(plain), rows(second)
    assert found.keys() == expected.keys()
    for pid, row in expected.items():
        for name, value in row.items():
            if value.dtype.kind == "f":
                np.testing.assert_allclose(found[pid][name], value, rtol=1e-5, err_msg=name)
            else:
                np.testing.assert_array_equal(found[pid][name], value, err_msg=name)

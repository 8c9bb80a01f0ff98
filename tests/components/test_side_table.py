"""The SideTable component, and which Trainer gets what it brings."""

from __future__ import annotations

import datetime
import pathlib

import pyarrow as pa
import pytest
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

import components
from components.side_table.artifact import SideTableArtifact
from components.side_table.component import SideTable
from components.trainer.component import SideTableTrainer
from pipeline.dag import Paths, create_pipeline
from pipeline.overrides import load_config
from pipeline.runners import launch
from schema.side_tables import TABLE_FILE, read_side_table, write_side_table
from schema.tables import TRENDING, TRENDING_NAME

AS_OF = datetime.datetime(2026, 11, 28, 3, tzinfo=datetime.timezone.utc)


def table(*streams: int) -> pa.Table:
    rows = [{"track_uri": f"t{n}", "trend": float(n), "streams": n} for n in streams]
    return pa.Table.from_pylist(rows, schema=TRENDING)


def dag(*overrides: str) -> Pipeline:
    config = load_config(None, list(overrides), data="somewhere")
    return create_pipeline(config, Paths.under(config))


def test_the_family_that_follows_it_gets_it_and_nobody_else() -> None:
    nodes = {node.id: node for node in dag("trending=gs://bucket/trending").components}
    side_table = nodes["SideTable"]
    assert side_table.exec_properties["folder"] == "gs://bucket/trending"
    for name, node in nodes.items():
        reads = "side_table" in node.inputs
        assert reads == (name == "Trainer.popularity")
        assert reads == isinstance(node, SideTableTrainer)
    assert side_table in nodes["Trainer.popularity"].upstream_nodes


def test_without_a_table_there_is_no_such_node() -> None:
    nodes = {node.id: node for node in dag().components}
    assert "SideTable" not in nodes
    assert not any(isinstance(node, SideTableTrainer) for node in nodes.values())


def test_a_runner_finds_the_type_of_the_artifact_by_its_name() -> None:
    assert SideTableArtifact.TYPE_NAME == "components.SideTableArtifact"
    assert components.SideTableArtifact is SideTableArtifact


def test_another_table_in_the_folder_is_seen(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "trending"

    def run() -> tuple[bool, pathlib.Path, str]:
        found = {}
        launch.launch(
            Pipeline(
                pipeline_name="table",
                pipeline_root=str(tmp_path / "root"),
                components=[SideTable(folder=str(folder), source_hash="code")],
                enable_cache=True,
                metadata_connection_config=(
                    sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
                ),
            ),
            lambda _: None,
            lambda node: found.update({node.node_id: node}),
        )
        (artifact,) = found["SideTable"].outputs["table"]
        summary = artifact.get_string_custom_property("summary")
        return found["SideTable"].cached, pathlib.Path(artifact.uri), summary

    write_side_table(folder, TRENDING_NAME, table(3), AS_OF)
    cached, first, summary = run()
    assert (cached, summary) == (False, "trending: 1 rows as of 2026-11-28 03:00")
    assert run() == (True, first, summary)
    write_side_table(folder, TRENDING_NAME, table(3, 4), AS_OF)
    cached, second, _ = run()
    assert not cached
    assert [read_side_table(each)[1].num_rows for each in (first, second)] == [1, 2]
    write_side_table(folder, TRENDING_NAME, table(5), AS_OF)
    (folder / TABLE_FILE).write_bytes((first / TABLE_FILE).read_bytes())
    with pytest.raises(RuntimeError, match="SideTable failed") as raised:
        run()
    assert "is not the table that its description names" in str(raised.value.__cause__)

"""Which Trainer gets what WarmStart finds, by what configuration, and what its cache may answer."""

from __future__ import annotations

import json

import pytest
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

from components.warm_start.component import WarmStart
from pipeline.dag import Paths, create_pipeline
from pipeline.overrides import RunConfigError, load_config
from pipeline.runners import launch
from tests.components.served_model.served_toy import SPLIT, Place, forty_playlists, two_toys


def nodes(*overrides):
    config = load_config(None, list(overrides), data="somewhere")
    return {node.id: node for node in create_pipeline(config, Paths.under(config)).components}


def test_by_default_training_starts_from_scratch():
    found = nodes()
    assert "WarmStart" not in found
    assert "base_model" not in found["Trainer.two_tower"].inputs


def test_the_candidate_alone_starts_from_what_is_served():
    found = nodes("start_from=served")
    model = found["Trainer.two_tower"].inputs["base_model"]
    assert (model.producer_component_id, model.output_key) == ("WarmStart", "model")
    assert "base_model" not in found["Trainer.als"].inputs
    start = found["WarmStart"]
    assert not start.inputs, "it sees no playlist"
    assert start.upstream_nodes == {found["DataGate"]}
    served = found["ServedModel"].exec_properties
    places = ("destination", "release_record", "registry", "registered_model")
    for name in (*places, "split", "fingerprint"):
        assert start.exec_properties[name] == served[name]


@pytest.mark.parametrize("family", ["popularity", "item_knn"])
def test_a_family_that_always_starts_from_scratch_is_refused(family):
    with pytest.raises(RunConfigError) as raised:
        nodes("start_from=served", f"candidate={family}")
    assert "start_from" in str(raised.value)
    assert f"{family!r} always starts from scratch" in str(raised.value)
    assert "als, two_stage, two_tower" in str(raised.value)


def test_another_start_is_refused():
    with pytest.raises(RunConfigError, match="start_from"):
        nodes("start_from=pushed")


def test_the_cache_never_answers_for_the_destination(tmp_path):
    toys = two_toys(tmp_path / "toys")
    place = Place(tmp_path, forty_playlists(tmp_path / "held_out"))

    def begin():
        results = {}
        launch.launch(
            Pipeline(
                pipeline_name="start",
                pipeline_root=str(tmp_path / "root"),
                components=[
                    WarmStart(
                        **place.places(),
                        split=json.dumps(SPLIT),
                        source_hash="code",
                    )
                ],
                enable_cache=True,
                metadata_connection_config=(
                    sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
                ),
            ),
            lambda _: None,
            lambda node: results.update({node.node_id: node}),
        )
        node = results["WarmStart"]
        (model,) = node.outputs["model"]
        return node.cached, model.get_string_custom_property("summary")

    assert begin() == (False, "from scratch: no model is served yet")
    place.push(toys / "a", 1)
    assert begin() == (False, "from version 1")
    assert begin() == (True, "from version 1")
    place.push(toys / "b", 2)
    assert begin() == (False, "from version 2")

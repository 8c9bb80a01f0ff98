"""ServedModel and Pusher as the local runner runs them: what their caches may answer."""

import json
import pathlib
import shutil

import pytest
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from components.pusher.component import Pusher
from components.served_model.component import ServedModel
from pipeline.runners import launch
from tests.components.served_model.served_toy import SPLIT, Place, forty_playlists, two_toys


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, forty_playlists(tmp_path / "held_out"))


@pytest.fixture
def begin(place, tmp_path):
    """Runs the two nodes on imported artifacts; gives what became of each, by id."""
    toys = two_toys(tmp_path / "toys")
    shutil.copytree(toys / "a", tmp_path / "trained" / "Format-Serving")
    (tmp_path / "infra").mkdir()
    (tmp_path / "blessing").mkdir()
    places = {"destination": str(place.base), "release_record": str(place.record)}
    imported = {
        "model": (standard_artifacts.Model, tmp_path / "trained", {}),
        "examples": (
            standard_artifacts.Examples,
            pathlib.Path(place.held_out.uri),
            {"split_names": place.held_out.split_names},
        ),
        "verdict": (standard_artifacts.ModelBlessing, tmp_path / "blessing", {}),
        "infra": (standard_artifacts.InfraBlessing, tmp_path / "infra", {}),
    }
    own = {
        "verdict": {"blessed": 1},
        "infra": {"blessed": 1, "blessing_status": "INFRA_BLESSED"},
    }

    def run(started):
        sources = {
            name: Importer(
                source_uri=str(uri),
                artifact_type=kind,
                properties=properties,
                custom_properties=own.get(name, {}),
            ).with_id(name)
            for name, (kind, uri, properties) in imported.items()
        }
        found = {name: node.outputs["result"] for name, node in sources.items()}
        served = ServedModel(
            candidate=found["model"],
            examples=found["examples"],
            split=f'{{"train": {SPLIT["train"]}}}',
            source_hash="code",
            **place.places(),
        )
        pusher = Pusher(
            model=found["model"],
            model_blessing=found["verdict"],
            infra_blessing=found["infra"],
            started=started,
            **places,
        )
        pusher.add_upstream_node(served)
        results = {}
        launch.launch(
            Pipeline(
                pipeline_name="served",
                pipeline_root=str(tmp_path / "root"),
                components=[*sources.values(), served, pusher],
                enable_cache=True,
                metadata_connection_config=(
                    sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
                ),
            ),
            lambda _: None,
            lambda node: results.update({node.node_id: node}),
        )
        (model,) = results["ServedModel"].outputs["model"]
        (pushed,) = results["Pusher"].outputs["pushed_model"]
        assert not results["Pusher"].cached
        return (
            results["ServedModel"].cached,
            json.loads(pathlib.Path(model.uri, "served.json").read_text())["comparison"],
            pushed.get_string_custom_property("summary"),
        )

    return run


def test_the_cache_never_answers_for_the_destination(begin, place):
    cached, comparison, first = begin("one")
    assert (cached, comparison) == (False, "none")
    assert first.startswith("pushed as version")
    cached, comparison, says = begin("two")
    assert (cached, comparison) == (False, "same"), "what it had found is true no more"
    assert says.startswith("served already")
    assert begin("three")[:2] == (True, "same"), "nothing has changed since"

    shutil.rmtree(place.base)
    cached, comparison, again = begin("four")
    assert (cached, comparison) == (True, "none"), "all is as in the first run"
    assert again.startswith("pushed as version"), "what is gone is pushed again"
    assert len(list(place.base.iterdir())) == 1

    place.release(7)
    cached, comparison, says = begin("five")
    assert (cached, comparison) == (False, "not_made")
    assert "servers stay with version 7" in says

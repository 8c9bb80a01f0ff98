"""The whole DAG as a runner in the cloud takes it: one specification, no metadata store."""

import datetime
import json

import pytest

pytest.importorskip("kfp")

from tfx import v1 as tfx

from pipeline import dag
from pipeline.overrides import load_config

STARTED = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def compiled(folder, *settings):
    config = load_config(None, settings, data=str(folder / "none"), out=str(folder / "out"))
    paths = dag.Paths.under(config)
    target = folder / "pipeline.json"
    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(default_image="image"),
        output_filename=str(target),
    )
    runner.run(dag.create_pipeline(config, paths, started=STARTED))
    return json.loads(target.read_text())["pipelineSpec"]


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # DataGate's reference is the one node that a store of metadata has to answer: here it is
        # looked up by the strategy that such runners know.
        patch.setattr(dag, "LastPassedStrategy", tfx.dsl.experimental.LatestArtifactStrategy)
        return compiled(tmp_path_factory.mktemp("compiled"), "baselines=[als]")


def parameter(spec, task, name):
    found = spec["root"]["dag"]["tasks"][task]["inputs"]["parameters"][name]
    return found["runtimeValue"]["constantValue"]["stringValue"]


def sources(spec, task):
    found = spec["root"]["dag"]["tasks"][task]["inputs"]["artifacts"]
    return {name: each["taskOutputArtifact"]["producerTask"] for name, each in found.items()}


def test_what_is_served_is_an_ordinary_container_with_one_artifact(spec):
    container = spec["deploymentSpec"]["executors"]["ServedModel_executor"]["container"]
    assert "components.served_model.executor.Executor" in container["args"]
    assert sources(spec, "ServedModel") == {
        "candidate": "Trainer.two_tower",
        "examples": "Holdout",
    }
    outputs = spec["components"]["ServedModel"]["outputDefinitions"]["artifacts"]
    assert set(outputs) == {"model"}
    assert sources(spec, "Evaluator")["baseline_model"] == "ServedModel"
    assert sources(spec, "Report")["served"] == "ServedModel"


def test_each_baseline_has_an_input_of_its_own(spec):
    found = sources(spec, "Significance")
    assert found["served"] == "ServedModel"
    assert {name: task for name, task in found.items() if name.startswith("baseline_")} == {
        "baseline_als": "Trainer.als",
        "baseline_popularity": "Trainer.popularity",
    }


def test_look_ups_have_something_in_their_key_that_changes_with_each_run(spec):
    for task, name in (("ServedModel", "fingerprint"), ("Pusher", "started")):
        assert parameter(spec, task, name) == STARTED.isoformat()
        assert parameter(spec, task, "destination").endswith("out/serving/segue")
        assert parameter(spec, task, "release_record").endswith("out/serving/releases.json")

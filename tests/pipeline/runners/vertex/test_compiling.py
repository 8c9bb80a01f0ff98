"""The whole DAG as Vertex AI takes it: one specification, no metadata store."""

import datetime
import json
import pathlib

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.overrides import load_config
from pipeline.runners.vertex import run_name
from pipeline.runners.vertex.compiling import compile_pipeline

STORAGE = "gs://bucket/segue"
ROOT = pathlib.Path(__file__).resolve().parents[4]


def compiled(*settings, file=None):
    given = ("storage=gs://bucket/segue", "baselines=[als]", *settings)
    return compile_pipeline(load_config(file, given, data="gs://bucket/mpd"))


@pytest.fixture(scope="module")
def made():
    return compiled(
        "vertex.image=registry/segue@sha256:1",
        "vertex.labels={team: music}",
        "vertex.resources={default: {cpu: 2}, Trainer.two_tower: {memory: 16Gi, gpu: NVIDIA_L4}}",
    )


@pytest.fixture(scope="module")
def tasks(made):
    return made.job["pipelineSpec"]["root"]["dag"]["tasks"]


def container(made, task):
    return made.job["pipelineSpec"]["deploymentSpec"]["executors"][f"{task}_executor"]["container"]


def constant(tasks, task, name):
    return tasks[task]["inputs"]["parameters"][name]["runtimeValue"]["constant"]


def runtime(tasks, task, name):
    return tasks[task]["inputs"]["parameters"][name]["componentInputParameter"]


def sources(tasks, task):
    found = tasks[task]["inputs"]["artifacts"]
    return {name: each["taskOutputArtifact"]["producerTask"] for name, each in found.items()}


def test_it_is_what_the_protocol_says(made):
    json_format.ParseDict(made.job, pipeline_spec_pb2.PipelineJob())
    spec = made.job["pipelineSpec"]
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    assert made.job["runtimeConfig"]["gcsOutputDirectory"] == f"{STORAGE}/pipeline_root"
    assert made.job["labels"]["team"] == "music"
    assert spec["schemaVersion"] == "2.1.0"
    assert spec == compiled(*_SAME).job["pipelineSpec"], "again the same"


_SAME = (
    "vertex.image=registry/segue@sha256:1",
    "vertex.labels={team: music}",
    "vertex.resources={default: {cpu: 2}, Trainer.two_tower: {memory: 16Gi, gpu: NVIDIA_L4}}",
)


def test_every_component_is_a_container_of_the_image(made, tasks):
    assert {"Ingest", "ImportExampleGen", "Transform", "Trainer.als", "Report"} <= {*tasks}
    for task in tasks:
        assert container(made, task)["image"] == "registry/segue@sha256:1"
        assert container(made, task)["command"][-1] == "pipeline.runners.vertex.entrypoint"


def test_no_path_of_this_machine_is_in_it(tmp_path):
    schema = tmp_path / "schema.pbtxt"
    schema.write_bytes((ROOT / "schema" / "schema.pbtxt").read_bytes())
    found = compiled(f"validation.schema_file={schema}", f"out={tmp_path}/out")
    text = json.dumps(found.job)
    for path in (str(ROOT), str(tmp_path), str(pathlib.Path.home())):
        assert path not in text
    ((place, content),) = found.files.items()
    assert place.startswith(f"{STORAGE}/schemas/")
    assert content == schema.read_text()
    tasks = found.job["pipelineSpec"]["root"]["dag"]["tasks"]
    assert constant(tasks, "ImportSchemaGen", "schema_file") == place
    assert json.loads(found.parameters["config"])["validation"]["schema_file"] == place


def test_what_is_served_is_an_ordinary_container_with_one_artifact(made, tasks):
    assert "components.served_model.executor.Executor" in container(made, "ServedModel")["args"]
    assert sources(tasks, "ServedModel") == {
        "candidate": "Trainer.two_tower",
        "examples": "Holdout",
    }
    assert sources(tasks, "Evaluator")["baseline_model"] == "ServedModel"
    assert sources(tasks, "Report")["served"] == "ServedModel"
    assert constant(tasks, "ServedModel", "destination") == f"{STORAGE}/serving/segue"
    assert constant(tasks, "Pusher", "release_record") == f"{STORAGE}/serving/releases.json"


def test_each_baseline_has_an_input_of_its_own(tasks):
    found = sources(tasks, "Significance")
    assert {name: task for name, task in found.items() if name.startswith("baseline_")} == {
        "baseline_als": "Trainer.als",
        "baseline_popularity": "Trainer.popularity",
    }


def test_what_depends_on_the_world_is_looked_up_before_the_cache_is_asked(made, tasks):
    drivers = {
        task: container(made, task)["lifecycle"]["preCacheCheck"]["args"][1]
        for task in tasks
        if "lifecycle" in container(made, task)
    }
    assert drivers == {
        "Ingest": "components.ingest.driver.Driver",
        "ImportExampleGen": "components.example_gen.driver.Driver",
        "ServedModel": "components.served_model.driver.Driver",
    }


def test_no_cache_answers_for_what_writes_outside_of_its_artifacts(tasks):
    def asked(found):
        return {name for name, task in found.items() if task["cachingOptions"]}

    assert {*tasks} - asked(tasks) == {"DataGate", "Pusher", "Register", "Report"}
    without = compiled("vertex.caching=false").job["pipelineSpec"]["root"]["dag"]["tasks"]
    assert asked(without) == set()


def test_what_a_submission_changes_is_a_parameter_with_its_value_as_default(made, tasks):
    declared = made.job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
    assert {name: each["defaultValue"] for name, each in declared.items()} == made.parameters
    assert made.parameters["data"] == "gs://bucket/mpd"
    assert runtime(tasks, "Ingest", "input") == runtime(tasks, "Report", "data") == "data"
    assert runtime(tasks, "Ingest", "span") == "span"
    assert runtime(tasks, "Significance", "options") == runtime(tasks, "Report", "gate") == "gate"
    assert runtime(tasks, "Evaluator", "eval_config") == "eval_config"
    assert runtime(tasks, "Trainer.two_tower", "custom_config") == "trainer_two_tower"
    params = json.loads(made.parameters["trainer_two_tower"])["params"]
    assert params["epochs"] == 2


def test_other_values_of_parameters_need_no_other_specification(made):
    other = compiled(
        *_SAME, "gate.margin=0.01", "models.two_tower.epochs=7", "evaluator.min_value=0.1", "span=4"
    )
    assert _without_defaults(other.job) == _without_defaults(made.job)
    differing = {key for key in made.parameters if made.parameters[key] != other.parameters[key]}
    assert differing == {"gate", "trainer_two_tower", "eval_config", "span", "config"}


def _without_defaults(job):
    copy = json.loads(json.dumps(job))
    for each in copy["pipelineSpec"]["root"]["inputDefinitions"]["parameters"].values():
        del each["defaultValue"]
    return copy


def test_beam_runs_in_the_container_or_on_dataflow_by_component():
    found = compiled(
        "dataflow={project: my-project, region: europe-west4, image: registry/segue, "
        "components: [Transform]}"
    )
    remote = container(found, "Transform")["args"]
    assert "--runner=DataflowRunner" in remote
    assert "--job_name=segue-transform-run-of-container" in remote
    filled = run_name.fill_in(remote, datetime.datetime(2026, 1, 2, 3, 4, 5))
    assert "--job_name=segue-transform-20260102-030405" in filled
    assert "--runner=DirectRunner" in container(found, "StatisticsGen")["args"]


def test_resources_reach_every_container(made):
    assert container(made, "ImportExampleGen")["resources"] == {"cpuLimit": 2.0}
    assert container(made, "Trainer.two_tower")["resources"] == {
        "cpuLimit": 2.0,
        "memoryLimit": pytest.approx(17.179869184),
        "accelerator": {"type": "NVIDIA_L4", "count": 1},
    }


def test_a_component_with_a_gpu_may_have_an_image_of_its_own():
    found = compiled(
        "vertex.image=plain", "vertex.resources={Trainer.two_tower: {gpu: NVIDIA_L4, image: cuda}}"
    )
    assert container(found, "Trainer.two_tower")["image"] == "cuda"
    assert container(found, "Trainer.als")["image"] == "plain"


def test_a_trainer_may_run_as_a_custom_job():
    found = compiled(
        "vertex.project=my-project",
        "vertex.region=europe-west4",
        "vertex.image=registry/segue",
        "vertex.custom_jobs={Trainer.als: {machine_type: n1-highmem-8, gpu: NVIDIA_L4}}",
    )
    assert container(found, "Trainer.als")["args"][1] == (
        "tfx.extensions.google_cloud_ai_platform.trainer.executor.GenericExecutor"
    )
    config = json.loads(found.parameters["trainer_als"])
    assert config["family"] == "als"
    assert config["ai_platform_vertex_region"] == "europe-west4"
    job = config["ai_platform_training_args"]
    assert job["project"] == "my-project"
    (pool,) = job["job_spec"]["worker_pool_specs"]
    assert pool["container_spec"] == {"image_uri": "registry/segue"}
    assert pool["machine_spec"] == {
        "machine_type": "n1-highmem-8",
        "accelerator_type": "NVIDIA_L4",
        "accelerator_count": 1,
    }
    assert "ai_platform" not in found.parameters["trainer_popularity"]


def test_a_blessed_model_may_go_to_an_endpoint_too():
    found = compiled("vertex.endpoint={name: playlists, traffic_percent: 10}")
    tasks = found.job["pipelineSpec"]["root"]["dag"]["tasks"]
    assert sources(tasks, "Pusher.endpoint") == sources(tasks, "Pusher")
    config = json.loads(constant(tasks, "Pusher.endpoint", "custom_config"))
    assert config["ai_platform_serving_args"]["endpoint_name"] == "playlists"
    assert config["ai_platform_serving_args"]["traffic_percentage"] == 10
    assert "Pusher.endpoint" not in compiled().job["pipelineSpec"]["root"]["dag"]["tasks"]


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("vertex.resources={Trainer.item_knn: {cpu: 1}}", "'Trainer.item_knn' is no component"),
        ("vertex.custom_jobs={Transform: {}}", "'Transform' is no Trainer or Tuner"),
        ("storage=null", "storage: is required"),
        ("release_record=out/releases.json", "release_record: takes a place that containers"),
    ],
)
def test_a_key_that_names_nothing_is_told_with_what_there_is(setting, says):
    with pytest.raises(ValueError, match=says):
        compiled(setting)

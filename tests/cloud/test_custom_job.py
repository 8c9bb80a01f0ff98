"""A Trainer as a Vertex custom job, and a Pusher to an endpoint, by TFX's executors for them.

TFX's clients of Vertex speak gRPC to Google's hosts; in their place stand these, which run what
they are asked to.
"""

import inspect
import json
import os
import subprocess
import sys
import types

import pytest
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils, standard_artifacts

from pipeline.overrides import load_config
from pipeline.runners.vertex.compiling import compile_pipeline
from schema import features
from tests.models.training_fixture import uri
from tests.models.transform_fixture import example, write_graph, write_records

pytestmark = pytest.mark.cloud

VOCABULARIES = {
    features.TRACK_VOCABULARY: [uri(track) for track in range(4)],
    features.ARTIST_VOCABULARY: ["Ann"],
    features.TITLE_VOCABULARY: ["ro", " j"],
    features.ALBUM_VOCABULARY: [],
    features.CATALOGUE_VOCABULARY: [f"{uri(track)}\tSong\tAnn\tAnn\t" for track in range(4)],
}
SETTINGS = (
    "storage=gs://bucket/segue",
    "candidate=als",
    "baselines=[popularity]",
    "models.als.factors=2",
    "vertex.project=my-project",
    "vertex.region=europe-west4",
    "vertex.image=registry/segue@sha256:1",
    "vertex.service_account=runner@my-project.iam.gserviceaccount.com",
    "vertex.kms_key=projects/p/locations/l/keyRings/r/cryptoKeys/k",
    "vertex.labels={team: music}",
    "vertex.custom_jobs={Trainer.als: {machine_type: n1-highmem-8}}",
    "vertex.endpoint={name: playlists, traffic_percent: 10, max_replicas: 3}",
)


@pytest.fixture(scope="module")
def compiled():
    return compile_pipeline(load_config(None, SETTINGS, data="gs://bucket/mpd"))


def artifact(kind, folder, **properties):
    made = kind()
    made.uri = str(folder)
    made.mlmd_artifact.id = abs(hash(str(folder))) % 1000
    for name, value in properties.items():
        setattr(made, name, value)
    return made


class Jobs:
    """Runs a custom job's command here, and answers what became of it."""

    def __init__(self):
        self.jobs = {}

    def create_custom_job(self, parent, custom_job):
        from google.cloud import aiplatform_v1

        job = aiplatform_v1.CustomJob(custom_job)  # raises where a field is unknown
        (pool,) = job.job_spec.worker_pool_specs
        words = list(pool.container_spec.command)
        done = subprocess.run(
            [sys.executable, *words[1:]],
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        states = aiplatform_v1.JobState
        failed = states.JOB_STATE_FAILED
        job.state = failed if done.returncode else states.JOB_STATE_SUCCEEDED
        job.name = f"{parent}/customJobs/{len(self.jobs) + 311}"
        self.jobs[job.name] = (job, done.stderr)
        return job

    def get_custom_job(self, name, retry):
        return self.jobs[name][0]


@pytest.fixture
def jobs(monkeypatch):
    from tfx.extensions.google_cloud_ai_platform import training_clients

    made = Jobs()
    client = types.SimpleNamespace(JobServiceClient=lambda **_: made)
    monkeypatch.setattr(training_clients, "gapic", client)
    return made


def train(folder, properties):
    from tfx.extensions.google_cloud_ai_platform.trainer import executor

    examples = artifact(standard_artifacts.Examples, folder / "examples")
    examples.split_names = artifact_utils.encode_split_names(["train", "stop"])
    (folder / "schema").mkdir(exist_ok=True)
    (folder / "schema" / "schema.pbtxt").write_text("")
    inputs = {
        "examples": [examples],
        "transform_graph": [artifact(standard_artifacts.TransformGraph, folder / "graph")],
        "schema": [artifact(standard_artifacts.Schema, folder / "schema")],
    }
    outputs = {
        "model": [artifact(standard_artifacts.Model, folder / "model")],
        "model_run": [artifact(standard_artifacts.ModelRun, folder / "run")],
    }
    context = base_executor.BaseExecutor.Context(unique_id="1", tmp_dir=str(folder / "tmp"))
    executor.GenericExecutor(context).Do(inputs, outputs, properties)


@pytest.fixture
def data(tmp_path):
    rows = {
        "train": [example("1", [0, 1, 2], [0]), example("2", [0, 1], [0])],
        "stop": [example("3", [0, 3], [1])],
    }
    for split, records in rows.items():
        folder = tmp_path / "examples" / f"Split-{split}"
        folder.mkdir(parents=True)
        write_records(folder / "transformed_examples-00000-of-00001.gz", records)
    write_graph(tmp_path / "graph", VOCABULARIES)
    return tmp_path


def properties(compiled, **changed):
    config = json.loads(compiled.parameters["trainer_als"])
    config["checkpoints"] = ""
    config["params"].update(changed)
    return {
        "run_fn": "models.trainer.run_fn",
        "custom_config": json.dumps(config),
        "train_args": '{"splits": ["train"]}',
        "eval_args": '{"splits": ["stop"]}',
    }


def test_a_trainer_as_a_custom_job_trains(compiled, jobs, data):
    train(data, properties(compiled))
    ((job, told),) = jobs.jobs.values()
    assert (data / "model" / "Format-Serving" / "saved_model.pb").exists(), told
    assert job.display_name == "segue-trainer-als"
    assert dict(job.labels)["team"] == "music"
    assert job.encryption_spec.kms_key_name.endswith("/cryptoKeys/k")
    assert job.job_spec.service_account == "runner@my-project.iam.gserviceaccount.com"
    (pool,) = job.job_spec.worker_pool_specs
    assert pool.machine_spec.machine_type == "n1-highmem-8"
    assert pool.container_spec.image_uri == "registry/segue@sha256:1"


def test_a_custom_job_that_fails_fails_the_trainer(compiled, jobs, data):
    with pytest.raises(RuntimeError, match="did not succeed"):
        train(data, properties(compiled, factors=-1))
    ((_, told),) = jobs.jobs.values()
    assert "factors" in told


def test_a_blessed_model_is_deployed_to_the_endpoint(compiled, tmp_path, monkeypatch):
    from google.cloud import aiplatform
    from tfx.extensions.google_cloud_ai_platform import prediction_clients
    from tfx.extensions.google_cloud_ai_platform.pusher import executor

    calls = []

    class Model(types.SimpleNamespace):
        resource_name = "projects/1/locations/l/models/2"

        @classmethod
        def upload(cls, **given):
            inspect.signature(aiplatform.Model.upload).bind(**given)
            calls.append(("upload", given))
            return cls()

        def deploy(self, **given):
            inspect.signature(aiplatform.Model.deploy).bind(self, **given)
            calls.append(("deploy", given))

        def wait(self):
            pass

    class Endpoint(types.SimpleNamespace):
        made = ()

        @classmethod
        def list(cls, **given):
            return [*cls.made]

        @classmethod
        def create(cls, display_name, labels):
            cls.made = (cls(display_name=display_name, resource_name="endpoints/3"),)
            return cls.made[0]

    standin = types.SimpleNamespace(
        init=lambda **given: calls.append(("init", given)), Model=Model, Endpoint=Endpoint
    )
    monkeypatch.setattr(prediction_clients, "aiplatform", standin)
    (tmp_path / "model" / "Format-Serving").mkdir(parents=True)
    (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"it")
    model = artifact(standard_artifacts.Model, tmp_path / "model")
    blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
    blessing.set_int_custom_property("blessed", 1)
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    task = compiled.job["pipelineSpec"]["root"]["dag"]["tasks"]["Pusher.endpoint"]
    config = task["inputs"]["parameters"]["custom_config"]["runtimeValue"]["constant"]
    executor.Executor().Do(
        {"model": [model], "model_blessing": [blessing]},
        {"pushed_model": [pushed]},
        {"custom_config": config},
    )
    assert [name for name, _ in calls] == ["init", "upload", "deploy"]
    assert calls[0][1] == {"project": "my-project", "location": "europe-west4"}
    assert calls[1][1]["artifact_uri"] == pushed.uri
    deployed = calls[2][1]
    assert deployed["endpoint"].display_name == "playlists"
    assert deployed["traffic_percentage"] == 10
    assert (deployed["min_replica_count"], deployed["max_replica_count"]) == (1, 3)
    assert pushed.get_string_custom_property("pushed_destination").endswith("/models/2")

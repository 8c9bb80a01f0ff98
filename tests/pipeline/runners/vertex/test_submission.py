"""What is sent: the compiled job and all that the configuration says about its run."""

import datetime
import json
import re

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineJob

from pipeline.overrides import load_config
from pipeline.runners.vertex import submission
from pipeline.runners.vertex.client import VertexClient
from pipeline.runners.vertex.connection import CloudError, UsageError
from pipeline.runners.vertex.storage import TextStore
from tests.standins.google import LOST_AFTER, LOST_BEFORE

NETWORK = "projects/77/global/networks/vpc"
KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


def config(*settings, storage="gs://my-bucket/segue"):
    base = ["vertex.project=my-project", "vertex.region=europe-west4"]
    return load_config(None, [*base, *settings], data="gs://my-bucket/mpd", storage=storage)


def test_all_that_vertex_is_told(job):
    settings = config(
        "vertex.service_account=runner@my-project.iam.gserviceaccount.com",
        "vertex.labels={team: music}",
        f"vertex.network={NETWORK}",
        "vertex.reserved_ip_ranges=[range-1]",
        f"vertex.kms_key={KEY}",
        "vertex.failure_policy=slow",
    )
    sent = submission.as_sent(submission.complete(job, settings), settings)
    assert sent["serviceAccount"] == "runner@my-project.iam.gserviceaccount.com"
    assert sent["labels"] == {"made-by": "test", "team": "music"}
    assert (sent["network"], sent["reservedIpRanges"]) == (NETWORK, ["range-1"])
    assert sent["encryptionSpec"] == {"kmsKeyName": KEY}
    assert sent["runtimeConfig"]["failurePolicy"] == "PIPELINE_FAILURE_POLICY_FAIL_SLOW"
    assert sent["pipelineSpec"] == job["pipelineSpec"]
    # A kept job is nobody's until a configuration says whose: it has the pipeline's format.
    kept = submission.complete(sent, config())
    json_format.ParseDict(kept, PipelineJob())
    assert kept.keys() == job.keys()
    assert kept["labels"] == sent["labels"]
    assert kept["runtimeConfig"] == job["runtimeConfig"]


def test_what_is_not_configured_is_not_sent(job):
    sent = submission.as_sent(submission.complete(job, config()), config())
    assert sent.keys() == job.keys()
    assert sent["runtimeConfig"]["failurePolicy"] == "PIPELINE_FAILURE_POLICY_FAIL_FAST"


def test_without_caching_no_task_takes_earlier_results(job):
    specification = submission.complete(job, config("vertex.caching=false"))["pipelineSpec"]
    inner = specification["components"]["inner"]["dag"]["tasks"]
    tasks = [*specification["root"]["dag"]["tasks"].values(), *inner.values()]
    assert [task["cachingOptions"]["enableCache"] for task in tasks] == [False] * 4
    assert job["pipelineSpec"]["root"]["dag"]["tasks"]["Ingest"]["cachingOptions"]["enableCache"]


def test_the_specification_alone_gets_a_place_and_a_name(job):
    done = submission.complete({"pipelineSpec": job["pipelineSpec"]}, config())
    assert done["displayName"] == "segue"
    assert done["runtimeConfig"]["gcsOutputDirectory"] == "gs://my-bucket/segue/pipeline_root"


def test_ids_say_when_and_differ():
    now = datetime.datetime(2030, 1, 2, 3, 4, 5)
    found = {submission.new_job_id("segue", now) for _ in range(20)}
    assert len(found) > 1
    assert all(re.fullmatch("segue-20300102-030405-[0-9a-f]{4}", each) for each in found)


@pytest.mark.parametrize("fault", [None, LOST_BEFORE, LOST_AFTER, 429, 503])
def test_what_a_job_reads_is_there_before_it_starts(cloud, job, fault):
    if fault:
        cloud.server.fail("POST", "/upload", fault, fault)
        cloud.server.fail("POST", "/pipelineJobs", fault)
    started = submission.submit(
        config(),
        job,
        {"gs://my-bucket/segue/schemas/1/schema.pbtxt": "feature {}"},
        "segue-1",
        client=VertexClient(cloud.place),
        store=TextStore("my-project"),
    )
    assert list(cloud.vertex.jobs) == [started.name]
    assert cloud.project.text("segue/schemas/1/schema.pbtxt") == "feature {}"
    assert started.specification == "gs://my-bucket/segue/specifications/segue-1.json"
    assert json.loads(cloud.project.text("segue/specifications/segue-1.json")) == job
    paths = [path for method, path in cloud.server.asked if method == "POST"]
    assert paths[-1].endswith("/pipelineJobs")
    assert started.link == (
        "https://console.cloud.google.com/vertex-ai/locations/europe-west4/pipelines/runs/segue-1"
        "?project=my-project"
    )


def test_a_missing_bucket_is_not_made(cloud, job):
    cloud.project.bucket = None
    with pytest.raises(CloudError, match="There is no bucket my-bucket, for gs://my-bucket/"):
        submission.submit(
            config(),
            job,
            {},
            "segue-1",
            client=VertexClient(cloud.place),
            store=TextStore("my-project"),
        )
    assert not cloud.vertex.jobs
    assert {path for _, path in cloud.server.asked} == {"/upload/storage/v1/b/my-bucket/o"}


def test_a_vertex_without_a_storage(cloud, monkeypatch):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    with pytest.raises(CloudError, match="STORAGE_EMULATOR_HOST has to name a stand-in"):
        TextStore("my-project").read("gs://my-bucket/x")


def test_a_specification_is_read_from_a_file_or_from_storage(cloud, job, tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(job))
    assert submission.read_specification(str(file)) == job
    cloud.project.objects["spec.json"] = json.dumps(job["pipelineSpec"]).encode()
    found = submission.read_specification("gs://my-bucket/spec.json", TextStore("my-project"))
    assert found == {"pipelineSpec": job["pipelineSpec"]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no compiled pipeline"),
        ("{}", "holds no compiled pipeline"),
        ('{"pipelineSpec": {}}', "holds no compiled pipeline"),
        (None, "cannot read"),
    ],
)
def test_what_is_no_specification_is_refused(tmp_path, content, says):
    file = tmp_path / "spec.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CloudError, match=says):
        submission.read_specification(str(file))


@pytest.mark.parametrize(
    "place", ["gs://your-bucket/segue/pipeline_root", "gs://my-bucket/segue/pipeline_root"]
)
def test_what_was_compiled_with_placeholders_is_not_sent(cloud, job, place):
    image = "europe-west4-docker.pkg.dev/your-project/segue/segue"
    job["runtimeConfig"]["gcsOutputDirectory"] = place
    job["pipelineSpec"]["deploymentSpec"] = {"executors": {"x": {"container": {"image": image}}}}
    with pytest.raises(UsageError, match=image):
        submission.upload(config(), job, {}, "segue-1", TextStore("my-project"))
    assert not cloud.server.asked

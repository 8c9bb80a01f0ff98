"""A whole run whose Beam steps are Dataflow jobs, submitted by Beam's own runner.

The jobs are executed as they arrive, in fresh processes that have the project's wheel and no folder
of the machine that submitted them: what cannot be unpickled there, or is not packed, fails here.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections import Counter

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from pipeline.options.beam import BEAM_COMPONENTS
from tests.cloud.conftest import BUCKET, IMAGE, Machine
from tests.standins.dataflow import counters

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def runs(root, google, data, tmp_path_factory):
    """A run on Dataflow and the same run on this machine, side by side."""
    here = Machine(root, tmp_path_factory.mktemp("here"), {})
    beside = here.start("out", "--data", str(data))
    on_dataflow = google.run("out")
    return on_dataflow, here.end("out", beside)


@pytest.fixture(scope="module")
def jobs(runs, google):
    return [job for job in google.dataflow.jobs if job.state != "JOB_STATE_FAILED"]


def component(job):
    return re.fullmatch(r"segue-([a-z]+)-\d{8}-\d{6}", job.name)[1]


def test_the_run_ends_well(runs):
    for run in runs:
        assert run.code == 0, run.console


def test_each_beam_component_is_a_job(jobs):
    assert {job.state for job in jobs} == {"JOB_STATE_DONE"}
    # Significance scores the candidate and the baseline, one after the other.
    components = {name.lower() for name in BEAM_COMPONENTS} - {"spanstatistics"}
    expected = dict.fromkeys(components, 1) | {"significance": 2}
    assert Counter(map(component, jobs)) == expected


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("ingest", "Ingest/DropDuplicates"),
        ("statisticsgen", "GenerateStatistics"),
        ("holdout", "HoldOut[eval]"),
        ("transform", "Analyze"),
        ("evaluator", "ExtractEvaluateAndWriteResults"),
        ("significance", "WriteRows"),
    ],
)
def test_a_job_has_the_steps_of_its_component(jobs, name, step):
    for job in jobs:
        if component(job) == name:
            steps = {each.unique_name for each in job.pipeline.components.transforms.values()}
            assert any(step in each for each in steps), sorted(steps)


def test_jobs_ask_for_what_is_configured(jobs):
    for job in jobs:
        environment = job.request["environment"]
        options = environment["sdkPipelineOptions"]["options"]
        (pool,) = environment["workerPools"]
        bigger = component(job) in ("transform", "evaluator", "significance")
        assert pool["machineType"] == ("n2-highmem-4" if bigger else "n2-standard-4")
        assert pool["autoscalingSettings"]["maxNumWorkers"] == 20
        assert pool["diskSizeGb"] == 50
        assert pool["ipConfiguration"] == "WORKER_IP_PRIVATE"
        assert {each["containerImage"] for each in pool["sdkHarnessContainerImages"]} == {IMAGE}
        assert options["region"] == "europe-west4"
        assert options["sdk_location"] == "container"
        labels = job.request["labels"]
        assert labels["segue-component"] == component(job)
        assert job.name.endswith(labels["segue-run"])
        images = {
            beam_runner_api_pb2.DockerPayload.FromString(each.payload).container_image
            for each in job.pipeline.components.environments.values()
            if each.urn == "beam:env:docker:v1"
        }
        assert images == {IMAGE}


def test_nothing_of_this_machine_is_sent(jobs, google, root):
    local = {str(root), tempfile.gettempdir(), str(root.home())}
    for job in jobs:
        for path in local - {"/"}:
            assert path not in json.dumps(job.request), path
            assert f"{path}/".encode() not in job.graph, path
    staged = google.storage.list(f"gs://{BUCKET}/segue/dataflow/staging/")
    assert {name.rpartition("/")[2] for name in staged} <= {"pipeline.pb", ""}


def test_counters_come_back(jobs, runs):
    found = {component(job): counters(job.metrics) for job in jobs}
    playlists = runs[0].metrics["data"]["playlists"]
    assert found["statisticsgen"]["num_instances"] == sum(playlists.values())


def test_the_results_are_those_of_the_direct_runner(runs):
    on_dataflow, here = (run.metrics for run in runs)
    for metrics in (on_dataflow, here):
        del metrics["seconds"], metrics["pushed_version"], metrics["push"]
    assert differing(on_dataflow, here) == []


def differing(one, other, key="metrics"):
    """The keys at which two documents differ, numbers by more than 1e-6."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        names = one.keys() - {"fit_seconds"}
        return [
            each for name in names for each in differing(one[name], other[name], f"{key}.{name}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [each for index, pair in pairs for each in differing(*pair, f"{key}.{index}")]
    if isinstance(one, float) and isinstance(other, float):
        return [] if math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6) else [key]
    return [] if one == other else [key]


def test_artifacts_lie_in_storage_and_the_report_here(runs, google):
    run, _ = runs
    assert {path.name for path in run.out.iterdir()} == {".lock", "logs", "metadata.db", "report"}
    places = {name.split("/")[1] for name in google.storage.list(f"gs://{BUCKET}/segue/")} - {""}
    assert places >= {"tfrecords", "schemas", "pipeline_root", "serving", "dataflow"}
    version = run.metrics["pushed_version"]
    pushed = google.storage.list(f"gs://{BUCKET}/segue/serving/segue/{version}/")
    assert any(name.endswith("saved_model.pb") for name in pushed)
    assert f"segue serve --model-base gs://{BUCKET}/segue/serving/segue" in run.console


def test_a_job_that_fails_is_told_in_dataflow_s_words(runs, google):
    google.dataflow.fail("evaluator", "Startup of the worker pool in zone europe-west4-b failed.")
    before = len(google.dataflow.jobs)
    again = google.run("out", "evaluator.min_value=0.011")
    assert again.code == 1
    assert "Startup of the worker pool in zone europe-west4-b failed." in again.console
    # Whatever lies before Evaluator comes from the cache, in storage.
    (failed,) = google.dataflow.jobs[before:]
    assert component(failed) == "evaluator"

"""An interrupted run ends its Dataflow jobs, and no other ones."""

import json
import os
import subprocess
import sys

import pytest

from tests.standins import cloud
from tests.standins.dataflow import HOST, Dataflow, Job
from tests.standins.storage import Storage

pytestmark = pytest.mark.cloud

PROGRAM = """
import json, sys
from pipeline.overrides import load_config
from pipeline.runners import dataflow_jobs
config = load_config(None, [
    "storage=gs://a-bucket/segue",
    "dataflow={project: standin-project, region: europe-west4, image: registry/segue}",
], data="gs://a-bucket/mpd")
told = []
dataflow_jobs.cancel_and_tell(config, "20260102-030405", told.append)
print(json.dumps(told))
"""


def told(root, environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_the_jobs_of_the_run_are_cancelled(root, tmp_path):
    dataflow = Dataflow(Storage("a-bucket"))
    for number, (name, state) in enumerate(
        [
            ("segue-ingest-20260102-030405", "JOB_STATE_DONE"),
            ("segue-transform-20260102-030405", "JOB_STATE_PENDING"),
            ("segue-evaluator-20260102-030405", "JOB_STATE_RUNNING"),
            ("segue-transform-20250101-000000", "JOB_STATE_RUNNING"),
        ]
    ):
        dataflow.jobs.append(Job(f"id-{number}", {"name": name}, b"", state))
    with cloud.running(tmp_path, {HOST: dataflow}) as environment:
        said = told(root, environment)
    assert [job.state.removeprefix("JOB_STATE_") for job in dataflow.jobs] == [
        *("DONE", "CANCELLED", "CANCELLED", "RUNNING"),
    ]
    assert said == [
        "The Dataflow job segue-transform-20260102-030405 is cancelled.",
        "The Dataflow job segue-evaluator-20260102-030405 is cancelled.",
    ]


def test_where_dataflow_does_not_answer_the_command_is_told(root, tmp_path):
    with cloud.running(tmp_path, {}) as environment:
        (said,) = told(root, environment)
    assert "gcloud dataflow jobs cancel ID --region=europe-west4" in said

"""The profile of Vertex, compiled for real and submitted by the command line, as people do it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from schema.status import SubmitStatus
from tests.standins import google
from tests.standins.google import CUT, LOST_AFTER, LOST_BEFORE
from tests.standins.project import Project
from tests.standins.vertex import Vertex

pytestmark = pytest.mark.cloud

ACCOUNT = "segue-pipeline@my-project.iam.gserviceaccount.com"


class Cloud:
    """Stand-ins, and the command line that finds them."""

    def __init__(self, server: google.Server, vertex: Vertex, project: Project, root: str) -> None:
        self.server, self.vertex, self.project = server, vertex, project
        self._root = root
        self._environment = {
            **os.environ,
            "SEGUE_VERTEX_ENDPOINT": server.url,
            "SEGUE_GOOGLE_ENDPOINT": server.url,
            "STORAGE_EMULATOR_HOST": server.url,
            "SEGUE_PROJECT": "my-project",
            "SEGUE_BUCKET": "my-bucket",
            "SEGUE_IMAGE": "europe-west4-docker.pkg.dev/my-project/segue/segue:1",
        }

    def submit(self, *arguments: str) -> SubmitStatus:
        command = [sys.executable, "-m", "pipeline.cli", "submit", "vertex", "--json"]
        done = subprocess.run(
            [*command, "--config", "configs/vertex.yaml", *arguments],
            cwd=self._root,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr
        return SubmitStatus.model_validate_json(done.stdout.splitlines()[-1])


@pytest.fixture
def cloud(root) -> Iterator[Cloud]:
    project = Project(account=ACCOUNT, granted_to=ACCOUNT)
    vertex = Vertex(other_ids=True, cached=("StatisticsGen",))
    with google.running(vertex, project) as server:
        yield Cloud(server, vertex, project, str(root))


def test_one_job_whatever_is_lost_on_the_way(cloud):
    cloud.server.fail("POST", "/upload", LOST_AFTER, 503)
    cloud.server.fail("POST", "/pipelineJobs", LOST_BEFORE, LOST_AFTER, 429, CUT)
    cloud.server.fail("GET", "/pipelineJobs/", 503, LOST_BEFORE, CUT)
    found = cloud.submit()
    assert (found.status, found.error) == ("finished", None)
    assert list(cloud.vertex.jobs) == [found.job]
    sent = cloud.vertex.jobs[found.job]
    tasks = sent["pipelineSpec"]["root"]["dag"]["tasks"]
    assert {task.name for task in found.tasks} == tasks.keys()
    assert [task.name for task in found.tasks if task.cached] == ["StatisticsGen"]
    assert sent["serviceAccount"] == ACCOUNT
    # What components are told to read is there.
    schemas = set(re.findall(r"gs://my-bucket/([^\"\\]+\.pbtxt)", json.dumps(sent)))
    assert schemas
    assert schemas <= cloud.project.objects.keys()


def test_a_kept_specification_runs_with_other_values(cloud):
    kept = cloud.submit("--no-wait").specification
    found = cloud.submit("--no-wait", "--spec", kept, "--parameter", "data=gs://other/mpd")
    first, second = cloud.vertex.jobs.values()
    assert found.job == second["name"]
    assert first["pipelineSpec"] == second["pipelineSpec"]
    values = [job["runtimeConfig"]["parameterValues"] for job in (first, second)]
    assert [each.pop("data") for each in values] == ["gs://my-bucket/mpd", "gs://other/mpd"]
    assert values[0] == values[1]
    refused = cloud.submit("--spec", kept, "--parameter", "dat=gs://other/mpd")
    assert refused.status == "invalid"
    assert "has no parameter dat; it has " in refused.error
    assert len(cloud.vertex.jobs) == 2

"""A container of the specification for Vertex whose Beam step is a Dataflow job."""

import os
import re

import pytest

from pipeline.overrides import load_config
from pipeline.runners.vertex import compiling
from pipeline.runners.vertex.execution import Execution
from tests.cloud.conftest import BUCKET, IMAGE
from tests.standins import cloud

pytestmark = pytest.mark.cloud

SETTINGS = (
    f"storage=gs://{BUCKET}/vertex",
    f"dataflow={{project: {cloud.PROJECT}, region: europe-west4, image: '{IMAGE}'}}",
)


def test_ingest_runs_on_dataflow_by_its_containers_entry_point(google, tmp_path, monkeypatch):
    for name, value in google.machine.environment.items():
        monkeypatch.setenv(name, value)  # what a container wrote is read here
    config = load_config(None, SETTINGS, data=f"gs://{BUCKET}/mpd")
    job = compiling.compile_pipeline(config).job
    dag = job["pipelineSpec"]["root"]["dag"]
    dag["tasks"] = {"Ingest": dag["tasks"]["Ingest"]}
    before = len(google.dataflow.jobs)
    execution = Execution(job, str(tmp_path), environment=google.machine.environment)
    done = execution.run(lambda _: None, lambda _: None)
    (sent,) = google.dataflow.jobs[before:]
    assert sent.state == "JOB_STATE_DONE"
    assert re.fullmatch(r"segue-ingest-\d{8}-\d{6}", sent.name)
    assert os.fspath(tmp_path).encode() not in sent.graph
    summary = done["Ingest"].outputs["summary"]["metadata"]["summary"]
    assert summary.startswith("120 playlists with ")
    records = google.storage.list(f"gs://{BUCKET}/vertex/tfrecords/")
    assert "vertex/tfrecords/manifest.json" in records

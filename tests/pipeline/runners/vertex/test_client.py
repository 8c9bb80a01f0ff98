"""Jobs are started once, whatever happens on the way, and errors are told in plain words."""

import pytest

from pipeline.runners.vertex.client import SUBMISSION_LABEL, MissingError, Place, VertexClient
from pipeline.runners.vertex.connection import CloudError, Patience
from tests.standins.google import CUT, LOST_AFTER, LOST_BEFORE

FAULTS = [LOST_BEFORE, LOST_AFTER, CUT, 429, 500, 502, 503, 504]


def test_a_job_is_started_under_the_id_that_was_asked_for(cloud, job):
    started = VertexClient(cloud.place).create_job(job, "segue-1")
    assert started.name == "projects/my-project/locations/europe-west4/pipelineJobs/segue-1"
    sent = cloud.vertex.jobs[started.name]
    assert sent["displayName"] == "segue"
    assert sent["pipelineSpec"] == job["pipelineSpec"]
    assert sent["runtimeConfig"]["parameterValues"] == {"data": "gs://my-bucket/mpd"}
    assert sent["labels"].keys() == {"made-by", SUBMISSION_LABEL}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("other_ids", [False, True])
def test_errors_that_pass_start_nothing_twice(cloud, job, fault, times, other_ids):
    cloud.vertex.other_ids = other_ids
    cloud.server.fail("POST", "/pipelineJobs", *[fault] * times)
    started = VertexClient(cloud.place).create_job(job, "segue-1")
    assert list(cloud.vertex.jobs) == [started.name]


def test_an_answer_that_is_lost_and_a_look_that_fails_too(cloud, job):
    cloud.server.fail("POST", "/pipelineJobs", LOST_AFTER)
    cloud.server.fail("GET", "/pipelineJobs", LOST_BEFORE, 503, LOST_AFTER)
    started = VertexClient(cloud.place).create_job(job, "segue-1")
    assert list(cloud.vertex.jobs) == [started.name]
    assert cloud.server.count("POST", "/pipelineJobs") == 1


@pytest.mark.parametrize("looks", [1, 2, 3, 8])
def test_a_job_that_is_seen_late_is_ours_all_the_same(cloud, job, looks):
    """Vertex says that the id is taken before it shows the job."""
    cloud.vertex.hides = looks
    cloud.server.fail("POST", "/pipelineJobs", LOST_AFTER)
    started = VertexClient(cloud.place).create_job(job, "segue-1")
    assert list(cloud.vertex.jobs) == [started.name]


def test_a_job_of_somebody_elses_with_the_id_is_refused(cloud, job):
    client = VertexClient(cloud.place)
    client.create_job(job, "segue-1")
    with pytest.raises(CloudError, match="There is a job segue-1 already"):
        client.create_job(job, "segue-1")
    # An answer that was lost does not make it ours.
    cloud.server.fail("POST", "/pipelineJobs", LOST_BEFORE)
    with pytest.raises(CloudError, match="There is a job segue-1 already"):
        client.create_job(job, "segue-1")
    assert len(cloud.vertex.jobs) == 1


def test_what_does_not_pass_ends_it_at_once(cloud, job):
    cloud.server.fail("POST", "/pipelineJobs", 403)
    with pytest.raises(CloudError, match=r"Vertex did not start the job: answered 403"):
        VertexClient(cloud.place).create_job(job, "segue-1")
    assert cloud.server.count("POST", "/pipelineJobs") == 1


def test_patience_ends(cloud, job):
    cloud.server.fail("POST", "/pipelineJobs", *[503] * 500)
    with pytest.raises(CloudError, match=r"Gave up after 0 s: answered 503"):
        VertexClient(cloud.place, Patience(0.01, 0.02, 0.2)).create_job(job, "segue-1")
    assert not cloud.vertex.jobs


def test_nobody_answers(cloud, monkeypatch):
    monkeypatch.setenv("SEGUE_VERTEX_ENDPOINT", "http://127.0.0.1:1")
    client = VertexClient(cloud.place, Patience(0.01, 0.02, 0.1))
    with pytest.raises(CloudError, match="Gave up"):
        client.job("projects/p/locations/l/pipelineJobs/x")


def test_an_endpoint_that_is_no_address(cloud, monkeypatch):
    monkeypatch.setenv("SEGUE_VERTEX_ENDPOINT", "127.0.0.1:1")
    with pytest.raises(CloudError, match=r"SEGUE_VERTEX_ENDPOINT takes http://HOST:PORT"):
        VertexClient(cloud.place).latest(5)


def test_what_is_no_job_is_refused_before_it_is_sent(cloud):
    with pytest.raises(CloudError, match="This is no PipelineJob of Vertex"):
        VertexClient(cloud.place).create_job({"pipelineSpec": {}, "colour": "red"}, "segue-1")
    assert not cloud.server.asked


@pytest.mark.parametrize("fault", [None, LOST_BEFORE, LOST_AFTER, 503])
def test_a_job_is_cancelled_listed_and_looked_at(cloud, job, fault):
    client = VertexClient(cloud.place)
    name = client.create_job(job, "segue-1").name
    if fault:
        cloud.server.fail("POST", ":cancel", fault)
        cloud.server.fail("GET", "/pipelineJobs", fault, fault)
    client.cancel_job(name)
    assert [each.name for each in client.latest(5)] == [name]
    assert client.job(name).state.name == "PIPELINE_STATE_CANCELLED"


def test_a_job_that_is_not_there(cloud):
    with pytest.raises(MissingError, match=r"There is no projects/.*/pipelineJobs/none"):
        VertexClient(cloud.place).job(cloud.place.name("pipelineJobs", "none"))


def test_names_and_places():
    place = Place("p", "l")
    whole = "projects/other/locations/there/pipelineJobs/x"
    assert place.name("pipelineJobs", "x") == "projects/p/locations/l/pipelineJobs/x"
    assert place.name("pipelineJobs", whole) == whole
    assert Place.of(whole) == Place("other", "there")
    assert Place.of("x") is None
    assert Place.of("projects//locations/there/pipelineJobs/x") is None

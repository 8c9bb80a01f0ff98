"""Schedules are made once, pause, resume with what was missed, and go."""

import pytest

from pipeline.runners.vertex.client import MissingError
from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.schedules import ScheduleClient
from tests.standins.google import CUT, LOST_AFTER, LOST_BEFORE

CRON = "TZ=Europe/Berlin 0 3 * * *"


def made(cloud, job):
    return ScheduleClient(cloud.place).create(job, name="nightly", cron=CRON, max_concurrent_runs=2)


def test_a_schedule_has_the_job(cloud, job):
    schedule = made(cloud, job)
    assert (schedule.display_name, schedule.cron, schedule.state.name) == (
        "nightly",
        CRON,
        "ACTIVE",
    )
    sent = cloud.vertex.schedules[schedule.name]
    assert sent["maxConcurrentRunCount"] == "2"
    request = sent["createPipelineJobRequest"]
    assert request["parent"] == cloud.place.parent
    assert request["pipelineJob"]["runtimeConfig"] == job["runtimeConfig"]


@pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER, CUT, 429, 503])
def test_a_lost_answer_makes_no_second_schedule(cloud, job, fault):
    made(cloud, job)
    cloud.server.fail("POST", "/schedules", fault)
    name = made(cloud, job).name
    assert len(cloud.vertex.schedules) == 2
    assert name == list(cloud.vertex.schedules)[1]


@pytest.mark.parametrize("fault", [None, LOST_BEFORE, LOST_AFTER, 503])
def test_it_pauses_resumes_and_goes(cloud, job, fault):
    name, client = made(cloud, job).name, ScheduleClient(cloud.place)
    if fault:
        cloud.server.fail("POST", ":pause", fault)
        cloud.server.fail("POST", ":resume", fault)
        cloud.server.fail("DELETE", "/schedules", fault)
    assert client.pause(name).state.name == "PAUSED"
    assert client.resume(name, catch_up=True).state.name == "ACTIVE"
    assert cloud.vertex.resumed == [(name, True)]
    client.delete(name)
    assert client.all() == []


def test_it_resumes_without_what_was_missed(cloud, job):
    name, client = made(cloud, job).name, ScheduleClient(cloud.place)
    client.pause(name)
    client.resume(name, catch_up=False)
    assert cloud.vertex.resumed == [(name, False)]


def test_what_cannot_be_done_says_why(cloud, job):
    name, client = made(cloud, job).name, ScheduleClient(cloud.place)
    client.pause(name)
    with pytest.raises(CloudError, match="it is PAUSED already"):
        client.pause(name)
    with pytest.raises(MissingError, match=r"There is no projects/.*/schedules/1"):
        client.pause(cloud.place.name("schedules", "1"))

"""`segue submit`, `schedule` and `preflight` against a cloud on loopback."""

import json

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineJob
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.runners.vertex.client import VertexClient
from schema.documents import Blessing, Estimate, ModelSummary, RunMetrics
from schema.status import JobListStatus, PreflightStatus, ScheduleStatus, SubmitStatus
from tests.standins.google import LOST_AFTER

runner = CliRunner()
IMAGE = f"europe-west4-docker.pkg.dev/my-project/segue/segue@sha256:{'0' * 64}"


@pytest.fixture
def files(job, tmp_path):
    """A configuration and a compiled pipeline."""
    values = {
        "data": "gs://my-bucket/mpd",
        "storage": "gs://my-bucket/segue",
        "candidate": "als",
        "vertex": {
            "project": "my-project",
            "region": "europe-west4",
            "image": IMAGE,
            "service_account": "runner@my-project.iam.gserviceaccount.com",
            "schedule": {"cron": "0 3 * * *", "catch_up": True},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values))
    (tmp_path / "spec.json").write_text(json.dumps(job))
    return tmp_path


def config(files):
    return ("--config", str(files / "config.yaml"))


def submitted(files, *arguments):
    return ("submit", "vertex", *config(files), "--spec", str(files / "spec.json"), *arguments)


def status(kind, *arguments, code=0):
    done = runner.invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    return kind.model_validate_json(done.stdout.splitlines()[-1])


def test_a_dry_run_prints_one_object_and_asks_nobody(cloud, files):
    done = runner.invoke(app, submitted(files, "--dry-run", "--parameter", "seed=3"))
    assert done.exit_code == 0
    sent = json.loads(done.stdout)
    assert sent["runtimeConfig"]["parameterValues"] == {"data": "gs://my-bucket/mpd", "seed": 3}
    json_format.ParseDict(sent, PipelineJob())
    assert not done.stderr
    assert not cloud.server.asked
    found = status(SubmitStatus, *submitted(files, "--dry-run", "--parameter", "seed=3"))
    assert (found.status, found.specification) == ("compiled", sent)


def test_what_a_dry_run_printed_can_be_submitted(cloud, files):
    text = runner.invoke(app, submitted(files, "--dry-run")).stdout
    (files / "spec.json").write_text(text)
    found = status(SubmitStatus, *submitted(files, "--no-wait", "--job-id", "again"))
    assert found.status == "submitted"
    sent = cloud.vertex.jobs[found.job]
    for part in ("gcsOutputDirectory", "parameterValues"):
        assert sent["runtimeConfig"][part] == json.loads(text)["runtimeConfig"][part]
    assert sent["serviceAccount"] == "runner@my-project.iam.gserviceaccount.com"
    assert sent["runtimeConfig"]["failurePolicy"] == 2  # fail fast


def test_a_job_is_checked_started_and_followed_to_its_metrics(cloud, files):
    overall = {"ndcg": Estimate(mean=0.25, ci_low=0.2, ci_high=0.3)}
    metrics = RunMetrics(
        models={"als": ModelSummary(overall=overall)},
        blessing=Blessing(blessed=True, reasons=["a reason"]),
        pushed_version="17",
    )
    report = "segue/pipeline_root/report"
    cloud.vertex.artifacts = {"Report": ("components.RunReport", f"gs://my-bucket/{report}")}
    cloud.project.objects[f"{report}/metrics.json"] = metrics.model_dump_json().encode()
    cloud.server.fail("POST", "/pipelineJobs", LOST_AFTER)
    found = status(SubmitStatus, *submitted(files, "--job-id", "segue-1"))
    assert found.status == "blessed"
    assert found.job == cloud.place.name("pipelineJobs", "segue-1")
    assert list(cloud.vertex.jobs) == [found.job]
    assert [(task.name, task.state) for task in found.tasks] == [
        ("Ingest", "SUCCEEDED"),
        ("Trainer.als", "SUCCEEDED"),
        ("Report", "SUCCEEDED"),
    ]
    assert (found.pushed_version, found.metrics, found.reasons) == ("17", overall, ["a reason"])
    assert found.report == f"gs://my-bucket/{report}/index.html"
    assert found.specification == "gs://my-bucket/segue/specifications/segue-1.json"


def test_it_shows_what_happens(cloud, files):
    done = runner.invoke(app, submitted(files, "--job-id", "segue-1"))
    assert done.exit_code == 0
    for part in (
        "Started projects/my-project/locations/europe-west4/pipelineJobs/segue-1",
        "https://console.cloud.google.com/vertex-ai/",
        "Trainer.als",
        "The job names no report.",
    ):
        assert part in done.stdout


def test_a_component_that_fails_ends_the_command(cloud, files):
    cloud.vertex.failing = {"Trainer.als": "no memory"}
    found = status(SubmitStatus, *submitted(files), code=1)
    assert (found.status, found.error) == ("failed", "Trainer.als failed: no memory")
    assert found.job in cloud.vertex.jobs
    assert [task.error for task in found.tasks] == [None, "no memory"]


def test_an_interrupted_wait_leaves_the_job(cloud, files, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(VertexClient, "job", interrupt)
    found = status(SubmitStatus, *submitted(files, "--job-id", "segue-1"), code=1)
    assert found.status == "running"
    assert f"segue submit cancel {found.job} stops it" in found.error
    assert found.job in cloud.vertex.jobs


def test_what_is_missing_is_told_and_nothing_is_started(cloud, files):
    cloud.project.bucket = None
    cloud.project.apis.discard("aiplatform")
    done = runner.invoke(app, submitted(files))
    assert done.exit_code == 1
    assert "gcloud storage buckets create gs://my-bucket" in done.output
    assert "gcloud services enable aiplatform.googleapis.com" in done.output
    assert "--no-preflight" in done.output
    found = status(SubmitStatus, *submitted(files), code=1)
    assert found.status == "missing"
    assert {"bucket", "API aiplatform.googleapis.com"} <= {each.check for each in found.findings}
    assert not cloud.vertex.jobs


def test_preflight_can_be_left_out(cloud, files):
    cloud.project.apis.clear()
    assert status(SubmitStatus, *submitted(files, "--no-preflight", "--no-wait")).job
    assert cloud.server.count("GET", "services:batchGet") == 0


def test_placeholders_are_named_with_and_without_preflight(cloud, files, root):
    profile = str(root / "configs" / "vertex.yaml")
    for more, code in ((), 1), (("--no-preflight",), 2):
        done = runner.invoke(app, ["submit", "vertex", "--config", profile, *more])
        assert done.exit_code == code
        for key in ("data", "storage", "vertex.project", "vertex.image", "vertex.service_account"):
            assert f"{key}: is still the placeholder" in done.output
    assert not cloud.server.asked


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--parameter", "sead=3"), "has no parameter sead; it has data, seed."),
        (("--parameter", "seed=x"), "takes an integer"),
        (("--job-id", "Segue_1"), "--job-id takes a letter"),
        (("--set", "vertex.schedule.cron=nightly"), "vertex.schedule.cron"),
        (("--set", "vertex.labels={Team: x}"), "vertex.labels"),
    ],
)
def test_bad_usage_names_the_trouble(cloud, files, arguments, says):
    found = status(SubmitStatus, *submitted(files, *arguments), code=2)
    assert found.status == "invalid"
    assert says in found.error
    assert not cloud.vertex.jobs


def test_a_job_is_looked_at_and_cancelled(cloud, files):
    name = status(SubmitStatus, *submitted(files, "--no-wait", "--job-id", "segue-1")).job
    found = status(SubmitStatus, "submit", "status", name)
    assert (found.status, [task.state for task in found.tasks]) == ("running", ["RUNNING"])
    found = status(SubmitStatus, "submit", "cancel", "segue-1", *config(files))
    assert (found.status, found.job) == ("cancelling", name)
    found = status(SubmitStatus, "submit", "status", name, "--wait", code=1)
    assert found.status == "cancelled"


@pytest.mark.parametrize("verb", ["status", "cancel"])
def test_a_job_that_is_not_there(cloud, files, verb):
    found = status(SubmitStatus, "submit", verb, "none", *config(files), code=1)
    assert "There is no projects/my-project/" in found.error


def test_jobs_are_listed_the_newest_first_and_by_schedule(cloud, files):
    listing = ("submit", "list", *config(files))
    assert status(JobListStatus, *listing).jobs == []
    assert "There are no jobs." in runner.invoke(app, listing).stdout
    cloud.server.fail("GET", "/pipelineJobs", 503, LOST_AFTER)
    parent = "projects/77/locations/europe-west4"  # Vertex names projects by number
    for day in range(1, 7):
        name = f"{parent}/pipelineJobs/segue-{day}"
        cloud.vertex.jobs[name] = {
            "name": name,
            "displayName": "segue",
            "state": "PIPELINE_STATE_FAILED" if day == 5 else "PIPELINE_STATE_SUCCEEDED",
            "createTime": f"2031-05-0{day}T03:00:00Z",
            "scheduleName": f"{parent}/schedules/7001" if day % 2 else "",
        }
    found = status(JobListStatus, *listing, "--limit", "3").jobs
    assert [job.name.rpartition("/")[2] for job in found] == ["segue-6", "segue-5", "segue-4"]
    assert [job.schedule for job in found] == [None, f"{parent}/schedules/7001", None]
    assert found[1].state == "PIPELINE_STATE_FAILED"
    assert found[1].created == "2031-05-05T03:00:00+00:00"
    whole = "projects/my-project/locations/europe-west4/schedules/7001"
    for schedule in (("--schedule", "7001", *config(files)), ("--schedule", whole)):
        found = status(JobListStatus, "submit", "list", *schedule).jobs
        assert [job.name.rpartition("/")[2] for job in found] == ["segue-5", "segue-3", "segue-1"]
    shown = runner.invoke(app, [*listing, "--schedule", "8"]).stdout
    assert "There are no jobs of schedule 8." in shown
    row = next(x for x in runner.invoke(app, listing).stdout.splitlines() if "segue-5" in x)
    assert "failed" in row
    assert "7001" in row


def test_a_job_whose_place_nobody_says(cloud):
    found = status(SubmitStatus, "submit", "cancel", "segue-1", code=2)
    assert "vertex.project is not said" in found.error


def test_a_schedule_is_made_paused_resumed_and_removed(cloud, files):
    create = ["schedule", "create", *config(files), "--spec", str(files / "spec.json")]
    (made,) = status(ScheduleStatus, *create, "--name", "nightly").schedules
    assert (made.cron, made.state, made.display_name) == ("0 3 * * *", "ACTIVE", "nightly")
    kept = [name for name in cloud.project.objects if name.startswith("segue/specifications/")]
    assert len(kept) == 1
    short = made.name.rpartition("/")[2]
    (found,) = status(ScheduleStatus, "schedule", "pause", short, *config(files)).schedules
    assert found.state == "PAUSED"
    status(ScheduleStatus, "schedule", "resume", short, *config(files))
    status(ScheduleStatus, "schedule", "pause", made.name)
    status(ScheduleStatus, "schedule", "resume", made.name)
    status(ScheduleStatus, "schedule", "pause", made.name)
    status(ScheduleStatus, "schedule", "resume", made.name, "--catch-up")
    # As configured, then without a configuration, then as asked for.
    assert [catches_up for _, catches_up in cloud.vertex.resumed] == [True, False, True]
    (listed,) = status(ScheduleStatus, "schedule", "list", *config(files)).schedules
    assert listed.name == made.name
    assert status(ScheduleStatus, "schedule", "delete", made.name).status == "ok"
    assert (
        "There are no schedules" in runner.invoke(app, ["schedule", "list", *config(files)]).output
    )


def test_a_schedule_without_a_time(cloud, files):
    create = ["schedule", "create", *config(files), "--spec", str(files / "spec.json")]
    found = status(ScheduleStatus, *create, "--set", "vertex.schedule.cron=null", code=2)
    assert "vertex.schedule.cron is not said" in found.error
    (made,) = status(ScheduleStatus, *create, "--cron", "TZ=Europe/Berlin 5 * * * *").schedules
    assert made.cron == "TZ=Europe/Berlin 5 * * * *"


def test_preflight_says_what_it_found(cloud, files):
    found = status(PreflightStatus, "preflight", *config(files))
    assert found.status == "ready"
    cloud.project.image = None
    found = status(PreflightStatus, "preflight", *config(files), code=1)
    assert found.status == "missing"
    (lacking,) = [finding for finding in found.findings if finding.outcome == "missing"]
    assert lacking.check == "image"
    assert "docker push" in lacking.command
    done = runner.invoke(app, ["preflight", *config(files)])
    assert "missing  image:" in done.stdout
    assert lacking.command in done.stdout

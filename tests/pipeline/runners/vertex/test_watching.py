"""A job is followed to its end: each state of each component once, and errors with their ends."""

import io

import pytest
import rich.console

from pipeline.console.run_console import RunConsole
from pipeline.runners.vertex.client import MissingError, VertexClient
from pipeline.runners.vertex.connection import CloudError, Patience
from pipeline.runners.vertex.storage import TextStore
from pipeline.runners.vertex.watching import Watch, follow, show_results
from schema.documents import Blessing, Estimate, ModelSummary, RunMetrics
from tests.standins.google import CUT, LOST_AFTER

REPORT = "gs://my-bucket/made/by/Report"


def followed(cloud, job, before=lambda name: None):
    """What is shown, and how the job ended."""
    client = VertexClient(cloud.place)
    name = client.create_job(job, "segue-1").name
    before(name)
    text = io.StringIO()
    with RunConsole(rich.console.Console(file=text, width=200)) as console:
        watch = Watch(console, TextStore("my-project"), "my-project")
        ended = follow(client, name, watch, sleep=lambda seconds: None)
    return text.getvalue(), ended


def test_each_component_is_shown_as_it_starts_and_ends(cloud, job):
    cloud.vertex.cached = ("Trainer.als",)
    text, ended = followed(cloud, job)
    lines = [line.split() for line in text.splitlines()]
    assert [line[:2] for line in lines] == [
        ["▸", "Ingest"],
        ["✓", "Ingest"],
        ["▸", "Trainer.als"],
        ["↺", "Trainer.als"],
        ["▸", "Report"],
        ["✓", "Report"],
    ]
    assert lines[3][2] == "cached"
    assert (ended.state, ended.error) == ("succeeded", "")
    # From its start at second 1 to its end at 30.
    assert [task.seconds for task in ended.tasks] == [29.0, 28.0, 27.0]
    assert [task.cached for task in ended.tasks] == [False, True, False]


def test_polls_that_fail_are_made_again(cloud, job):
    cloud.server.fail("GET", "/pipelineJobs/", 503, LOST_AFTER, CUT, 429)
    text, ended = followed(cloud, job)
    assert ended.state == "succeeded"
    assert text.count("✓") == 3


def test_a_component_that_fails_says_why_with_its_last_lines(cloud, job):
    cloud.vertex.failing = {"Trainer.als": "The replica exited with 1."}
    left = "".join(f"line {number}\n" for number in range(30)) + "ValueError: no factors\n"
    task = "segue/pipeline_root/my-project/segue-1/Trainer.als_-2000000000000000"
    cloud.project.objects[f"{task}/error.txt"] = left.encode()
    text, ended = followed(cloud, job)
    assert ended.state == "failed"
    assert ended.error == "Trainer.als failed: The replica exited with 1."
    assert "✗ Trainer.als" in text
    assert "line 29" in text
    assert "ValueError: no factors" in text
    assert "line 3\n" not in text
    condition = """'resource.type="ml_job" AND resource.labels.job_id="2"'"""
    assert f"gcloud logging read {condition} --project=my-project" in text
    assert "Report" not in text


def test_a_component_that_left_nothing(cloud, job):
    cloud.vertex.failing = {"Ingest": "no memory"}
    text, ended = followed(cloud, job)
    assert "Its last lines" not in text
    assert "no memory" in text
    assert ended.error == "Ingest failed: no memory"


def test_errors_are_shown_where_storage_does_not_answer(cloud, job):
    cloud.vertex.failing = {"Ingest": "no memory"}
    cloud.server.fail("GET", "/download", 403)
    assert "no memory" in followed(cloud, job)[0]


def test_a_job_that_is_cancelled_on_the_way(cloud, job):
    text, ended = followed(cloud, job, VertexClient(cloud.place).cancel_job)
    assert ended.state == "cancelled"
    assert "cancelled" in ended.error
    assert not text


def test_a_job_that_is_not_shown_at_once_is_waited_for(cloud, job):
    def hide(name):
        cloud.vertex.hides = 5

    assert followed(cloud, job, hide)[1].state == "succeeded"


def test_a_job_that_goes_away(cloud, job):
    with pytest.raises(MissingError, match="There is no projects/"):
        followed(cloud, job, cloud.vertex.jobs.pop)


def test_a_vertex_that_stays_away(cloud, job):
    def cut_off(name):
        cloud.server.fail("GET", "/pipelineJobs/", *[503] * 500)

    client = VertexClient(cloud.place, Patience(0.01, 0.02, 0.2))
    name = client.create_job(job, "segue-1").name
    cut_off(name)
    watch = Watch(RunConsole(rich.console.Console(file=io.StringIO())), TextStore("p"), "p")
    with pytest.raises(CloudError, match="Gave up"):
        follow(client, name, watch, sleep=lambda seconds: None)


def test_the_report_is_where_its_component_says(cloud, job):
    # STORAGE/report may be another run's.
    assert followed(cloud, job)[1].report is None
    cloud.vertex.jobs.clear()
    cloud.vertex.artifacts = {"Report": ("components.RunReport", REPORT)}
    assert followed(cloud, job)[1].report == REPORT


def results(report):
    text = io.StringIO()
    console = RunConsole(rich.console.Console(file=text, width=200))
    return show_results(console, TextStore("my-project"), report, "https://link"), text.getvalue()


def test_metrics_and_links_end_it(cloud):
    metrics = RunMetrics(
        models={
            "als": ModelSummary(overall={"ndcg": Estimate(mean=0.25, ci_low=0.2, ci_high=0.3)})
        },
        blessing=Blessing(blessed=True, reasons=["better than popularity"]),
        pushed="pushed as version 17",
        pushed_version="17",
    )
    cloud.project.objects["made/by/Report/metrics.json"] = metrics.model_dump_json().encode()
    found, text = results(REPORT)
    assert found == metrics
    for part in (
        "0.250",
        "als is blessed and pushed as version 17.",
        "better than popularity",
        "https://link",
        f"{REPORT}/metrics.json",
        f"{REPORT}/index.html",
    ):
        assert part in text


@pytest.mark.parametrize("content", [None, b"{", b"[]"])
def test_metrics_that_are_missing_or_broken_are_told(cloud, content):
    if content:
        cloud.project.objects["made/by/Report/metrics.json"] = content
    found, text = results(REPORT)
    assert found is None
    assert "metrics.json" in text
    assert "https://link" in text


def test_a_run_without_a_report(cloud):
    found, text = results(None)
    assert found is None
    assert "The job names no report." in text
    assert "metrics.json" not in text

"""A cluster that is not there, or is there in part: what a run says, before it begins."""

import contextlib
import http.server
import json
import socket
import threading
from concurrent import futures

import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc
from typer.testing import CliRunner

from pipeline.cli.main import app
from pipeline.overrides import load_config
from pipeline.runners import flink_jobs

RUN = "20260102-030405"


class Jobs(beam_job_api_pb2_grpc.JobServiceServicer):
    """A job server that knows jobs by id and state, and cancels them."""

    def __init__(self):
        self.jobs = {}

    def GetJobs(self, request, context):  # noqa: N802
        infos = [
            beam_job_api_pb2.JobInfo(job_id=name, state=state) for name, state in self.jobs.items()
        ]
        return beam_job_api_pb2.GetJobsResponse(job_info=infos)

    def Cancel(self, request, context):  # noqa: N802
        self.jobs[request.job_id] = beam_job_api_pb2.JobState.CANCELLED
        return beam_job_api_pb2.CancelJobResponse(state=beam_job_api_pb2.JobState.CANCELLED)

    def Prepare(self, request, context):  # noqa: N802
        context.abort(grpc.StatusCode.INTERNAL, "there is no such runner")


@contextlib.contextmanager
def job_server():
    jobs, server = Jobs(), grpc.server(futures.ThreadPoolExecutor(4))
    beam_job_api_pb2_grpc.add_JobServiceServicer_to_server(jobs, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield jobs, f"127.0.0.1:{port}"
    finally:
        server.stop(0)


@contextlib.contextmanager
def page(slots, jobs=()):
    answers = {
        "/overview": {"slots-total": slots, "taskmanagers": 1},
        "/jobs/overview": {"jobs": jobs},
    }

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(self.path)).encode())

        def do_PATCH(self):
            (job,) = (each for each in jobs if self.path == f"/jobs/{each['jid']}")
            job["state"] = "CANCELLING"
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def nobody():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def config(**flink):
    settings = [f"flink.{key}={value}" for key, value in flink.items()]
    return load_config(None, [*settings, "flink.wait_seconds=0"], data="somewhere")


def told(**flink):
    with pytest.raises(flink_jobs.ClusterError) as error:
        flink_jobs.wait_until_ready(config(**flink), RUN)
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(flink_jobs, "_CALL_SECONDS", 1.0)


def test_no_job_server():
    endpoint = nobody()
    assert f"Beam's job server does not answer at {endpoint}" in told(job_endpoint=endpoint)


def test_what_listens_there_is_no_job_server():
    with page(4) as address:
        endpoint = address.removeprefix("http://")
        assert f"Beam's job server does not answer at {endpoint}" in told(job_endpoint=endpoint)


def test_no_flink_behind_it():
    with job_server() as (_, endpoint):
        gone = f"http://{nobody()}"
        assert f"Flink does not answer at {gone}" in told(job_endpoint=endpoint, page=gone)


@pytest.mark.parametrize("slots", [0, 1])
def test_too_few_slots(slots):
    with job_server() as (_, endpoint), page(slots) as address:
        words = told(job_endpoint=endpoint, page=address, parallelism=2)
        assert f"Flink has {slots} slots in 1 TaskManagers, and flink.parallelism is 2" in words


def test_no_pool_of_workers():
    workers = nobody()
    with job_server() as (_, endpoint), page(2) as address:
        words = told(job_endpoint=endpoint, page=address, workers=workers)
    assert f"no pool of Python workers listens at port {workers.partition(':')[2]}" in words


def test_a_job_server_that_takes_no_job():
    with job_server() as (_, endpoint):
        words = told(job_endpoint=endpoint, page="null", workers="elsewhere:1")
    assert f"Beam's job server at {endpoint} no longer answers" in words


def test_nobody_asks_where_no_step_runs_on_flink():
    flink_jobs.wait_until_ready(config(components="[]", job_endpoint=nobody()), RUN)
    flink_jobs.wait_until_ready(load_config(None, data="somewhere"), RUN)


def test_the_command_says_it_and_ends_with_1(tmp_path):
    (tmp_path / "data").mkdir()
    settings = [f"flink.job_endpoint={nobody()}", "flink.wait_seconds=0"]
    arguments = [text for setting in settings for text in ("--set", setting)]
    done = CliRunner().invoke(
        app, ["run", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), *arguments]
    )
    assert done.exit_code == 1
    assert "Beam's job server does not answer" in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "out" / "pipeline_root").exists()


def test_jobs_of_an_interrupted_run_are_cancelled():
    running, done = beam_job_api_pb2.JobState.RUNNING, beam_job_api_pb2.JobState.DONE
    another = "segue-transform-20260102-030406"
    in_flink = [
        {"jid": "1", "name": f"segue-ingest-{RUN}", "state": "FINISHED"},
        {"jid": "2", "name": f"segue-transform-{RUN}", "state": "RESTARTING"},
        {"jid": "3", "name": another, "state": "RUNNING"},
    ]
    with job_server() as (jobs, endpoint), page(2, in_flink) as address:
        jobs.jobs = {
            f"segue-ingest-{RUN}_1": done,
            f"segue-transform-{RUN}_2": running,
            f"{another}_3": running,
        }
        sentences = []
        flink_jobs.cancel_and_tell(
            config(job_endpoint=endpoint, page=address), RUN, sentences.append
        )
        assert sentences == [f"The Flink job segue-transform-{RUN} is cancelled."]
        assert jobs.jobs[f"segue-transform-{RUN}_2"] == beam_job_api_pb2.JobState.CANCELLED
        assert jobs.jobs[f"{another}_3"] == running
    assert [job["state"] for job in in_flink] == ["FINISHED", "CANCELLING", "RUNNING"]


def test_a_cluster_that_cannot_be_asked_is_told():
    sentences = []
    flink_jobs.cancel_and_tell(config(job_endpoint=nobody()), RUN, sentences.append)
    assert len(sentences) == 1
    assert "a job may go on: look at http://127.0.0.1:8081" in sentences[0]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "java.lang.RuntimeException: Error received from SDK harness for instruction 7: "
            'Traceback (most recent call last):\n  File "a.py", line 1\n'
            "ValueError: pid 7 is there twice [while running 'Ingest/Write']\n",
            "Flink's job failed: ValueError: pid 7 is there twice (see http",
        ),
        (
            "org.apache.flink.runtime.JobException: Recovery is suppressed\n"
            "Caused by: org.apache.flink.runtime.NoResourceAvailableException: no slots",
            "org.apache.flink.runtime.NoResourceAvailableException: no slots",
        ),
        ("", "no reason was given"),
    ],
)
def test_a_failed_job_is_told_by_its_innermost_cause(message, words):
    error = RuntimeError(f"Pipeline segue-ingest_1 failed in state FAILED: {message}")
    assert words in str(flink_jobs.explained(config().flink, error))


def test_the_cause_of_a_component_s_own_error_is_told():
    error = RuntimeError("the Beam job failed")
    error.__cause__ = grpc.RpcError("Socket closed")
    words = "Beam's job server at 127.0.0.1:8099 no longer answers"
    assert words in str(flink_jobs.explained(config().flink, error))


def test_other_errors_stay_what_they_are():
    error = ValueError("Pipeline x failed in state FAILED: y")
    assert flink_jobs.explained(config().flink, error) is error

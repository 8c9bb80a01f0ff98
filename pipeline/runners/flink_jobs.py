"""What a run asks of a Flink cluster beside its steps: whether it works, and to end jobs."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, Final

from pipeline import beam_args
from pipeline.config import PipelineConfig
from pipeline.options.flink import FlinkOptions

_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_STATED: Final = re.compile(r"^Pipeline \S+ failed in state (\w+): (.*)$", re.DOTALL)
_UNDER_WAY: Final = ("INITIALIZING", "CREATED", "RUNNING", "FAILING", "RESTARTING")  # in Flink
_LONGEST: Final = 400
_CALL_SECONDS: Final = 10.0


class ClusterError(RuntimeError):
    """The cluster is not there, or does not work; one sentence says what of it."""


def wait_until_ready(config: PipelineConfig, run: str) -> None:
    """Waits until a small job has gone through the cluster, where the run has steps for it.

    Args:
        config: the run.
        run: its name in the names of its jobs.

    Raises:
        ClusterError: it did not within `flink.wait_seconds`.
    """
    if config.flink is None or not config.flink.chosen:
        return
    deadline = time.monotonic() + config.flink.wait_seconds
    while lacking := _lacking(config.flink):
        if time.monotonic() >= deadline:
            raise ClusterError(
                f"{lacking}, after {config.flink.wait_seconds:g} s of waiting "
                "(flink.wait_seconds): start the cluster, such as by make flink, or run without "
                "the section flink; what is done stays."
            )
        time.sleep(1)
    _try(config.flink, beam_args.job_name(config.name, "probe", run), deadline)


def cancel_and_tell(config: PipelineConfig, run: str, tell: Callable[[str], None]) -> None:
    """Ends the jobs of a run that are under way, and says so; raises nothing.

    Args:
        config: the run.
        run: its name in the names of its jobs.
        tell: takes each sentence.
    """
    if config.flink is None or not config.flink.chosen:
        return
    try:
        for name in _cancel(config, run):
            tell(f"The Flink job {name} is cancelled.")
    except Exception as error:  # of whatever gRPC raises
        tell(
            f"Flink cannot be asked ({_first_line(error)}), and a job may go on: look at "
            f"{config.flink.page or config.flink.job_endpoint}."
        )


def explained(options: FlinkOptions, cause: BaseException) -> BaseException:
    """Returns what a step on Flink failed of: in a sentence where it is the cluster or its job.

    Args:
        options: of the cluster.
        cause: what the step raised, upon whatever caused it.
    """
    import grpc

    error: BaseException | None = cause
    while error is not None:
        if isinstance(error, grpc.RpcError):
            return ClusterError(
                f"Beam's job server at {options.job_endpoint} no longer answers, and with it the "
                "cluster: see its logs, start it, and run again; what is done stays."
            )
        found = _STATED.match(str(error)) if isinstance(error, RuntimeError) else None
        if found is not None:
            return ClusterError(
                f"Flink's job {found[1].lower()}: {_innermost(found[2])} "
                f"(see {options.page or options.job_endpoint})"
            )
        error = error.__cause__
    return cause


def _innermost(told: str) -> str:
    """The cause in a Java stack of causes: of Python's own error the last line."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    python = [line for line in lines if "[while running" in line]
    java = [line for line in lines if line.startswith("Caused by:")]
    chosen = (python or java or lines or ["no reason was given"])[-1]
    chosen = chosen.partition(" [while running")[0].removeprefix("Caused by: ")
    return chosen if len(chosen) <= _LONGEST else f"{chosen[:_LONGEST]}…"


def _lacking(options: FlinkOptions) -> str:
    """What of the cluster does not answer; empty where all that can be asked does."""
    import grpc

    try:
        with _jobs(options) as service:
            _known(service)
    except (grpc.RpcError, grpc.FutureTimeoutError):
        return f"Beam's job server does not answer at {options.job_endpoint}"
    if options.page is not None:
        try:
            overview = f"{options.page.rstrip('/')}/overview"
            with urllib.request.urlopen(overview, timeout=_CALL_SECONDS) as answer:  # noqa: S310 - http by its pattern
                found = json.load(answer)
            slots, managers = int(found["slots-total"]), int(found["taskmanagers"])
        except (OSError, ValueError, KeyError):
            return f"Flink does not answer at {options.page}"
        if slots < options.parallelism:
            return (
                f"Flink has {slots} slots in {managers} TaskManagers, and flink.parallelism is "
                f"{options.parallelism}"
            )
    host, _, port = options.workers.rpartition(":")
    # Elsewhere the address is one that the TaskManagers know, and perhaps nobody else.
    if host in _LOCAL and options.job_endpoint.rpartition(":")[0] in _LOCAL:
        channel = grpc.insecure_channel(options.workers)
        try:
            grpc.channel_ready_future(channel).result(timeout=_CALL_SECONDS)
        except grpc.FutureTimeoutError:
            return f"no pool of Python workers listens at port {port}"
        finally:
            channel.close()
    return ""


def _try(options: FlinkOptions, name: str, deadline: float) -> None:
    """Sends a job of one step, which needs a slot and a Python worker."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    pipeline = beam.Pipeline(options=PipelineOptions(beam_args.on_flink(options, name)))
    pipeline | beam.Impulse() | beam.Map(len)
    try:
        result = pipeline.run()
        result.wait_until_finish(duration=max(1.0, deadline - time.monotonic()) * 1000)
        if result.state == "DONE":
            return
        result.cancel()
    except Exception as error:  # of Beam's and of gRPC's
        told = explained(options, error)
        if isinstance(told, ClusterError):
            raise told from error
        raise ClusterError(f"Flink took no job: {_first_line(error)}") from error
    raise ClusterError(
        f"Flink took a small job and did not end it within {options.wait_seconds:g} s "
        f"(flink.wait_seconds): no slot is free, or no Python worker starts at "
        f"{options.workers}; see {options.page or options.job_endpoint}."
    )


def _cancel(config: PipelineConfig, run: str) -> list[str]:
    from apache_beam.portability.api import beam_job_api_pb2

    assert config.flink is not None  # the caller has looked
    names = [beam_args.job_name(config.name, each, run) for each in (*config.flink.chosen, "probe")]
    cancelled = []
    with _jobs(config.flink) as service:
        for job in _known(service):
            state = beam_job_api_pb2.JobState.Enum.Name(job.state)
            if job.job_id.startswith(tuple(names)) and state in ("RUNNING", "STARTING"):
                request = beam_job_api_pb2.CancelJobRequest(job_id=job.job_id)
                service.Cancel(request, timeout=_CALL_SECONDS)
                cancelled.append(job.job_id.partition("_")[0])
    if config.flink.page is not None:
        _cancel_in_flink(config.flink.page.rstrip("/"), names)
    return cancelled


def _cancel_in_flink(page: str, names: list[str]) -> None:
    """Ends jobs in Flink itself: Beam's job server then only waits for them no longer."""
    with urllib.request.urlopen(f"{page}/jobs/overview", timeout=_CALL_SECONDS) as answer:  # noqa: S310 - http by its pattern
        known = json.load(answer)["jobs"]
    for job in known:
        if job["name"] in names and job["state"] in _UNDER_WAY:
            request = urllib.request.Request(f"{page}/jobs/{job['jid']}", method="PATCH")  # noqa: S310 - as above
            urllib.request.urlopen(request, timeout=_CALL_SECONDS).close()  # noqa: S310 - as above


@contextlib.contextmanager
def _jobs(options: FlinkOptions) -> Iterator[Any]:
    import grpc
    from apache_beam.portability.api import beam_job_api_pb2_grpc

    with grpc.insecure_channel(options.job_endpoint) as channel:
        grpc.channel_ready_future(channel).result(timeout=_CALL_SECONDS)
        yield beam_job_api_pb2_grpc.JobServiceStub(channel)


def _known(service: Any) -> Any:
    from apache_beam.portability.api import beam_job_api_pb2

    return service.GetJobs(beam_job_api_pb2.GetJobsRequest(), timeout=_CALL_SECONDS).job_info


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

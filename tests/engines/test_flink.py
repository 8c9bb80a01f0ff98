"""A whole run on a real Flink cluster, compared with one in the process; and clusters that fail."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from concurrent import futures

import grpc
import pytest
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

from benchmarks import engines
from pipeline.options.beam import BEAM_COMPONENTS
from pipeline.overrides import load_config
from pipeline.runners import flink_jobs
from sample.generator import write_slices
from scripts.flink import cluster as clusters

pytestmark = pytest.mark.engines

FAMILIES = (
    "candidate=two_stage",
    "baselines=[two_tower, als, popularity]",
    # Nothing is pushed: the next run has no other served model, and takes all from the cache.
    "evaluator.min_value=1",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_slices(folder, 300, seed=7, slice_size=100)
    return folder


@pytest.fixture(scope="module")
def runs(cluster, data, tmp_path_factory):
    """A run on Flink, and beside it the same run in the process."""
    folder = tmp_path_factory.mktemp("runs")
    on_flink = engines.Run(data, folder / "flink", *FAMILIES, *engines.on_flink(cluster))
    here = engines.Run(data, folder / "here", *FAMILIES)
    for run in (here, on_flink):
        assert run.end() == 0, run.console
    return here.out, on_flink.out


def jobs(cluster):
    """What Flink knows of jobs: (component, state), by the order in which they began."""
    with urllib.request.urlopen(f"{cluster.page}/jobs/overview") as answer:
        found = sorted(json.load(answer)["jobs"], key=lambda job: job["start-time"])
    return [(re.fullmatch(r"segue-(\w+)-\d{8}-\d{6}", j["name"])[1], j["state"]) for j in found]


def test_each_beam_component_is_a_job_that_ends_well(runs, cluster):
    done = jobs(cluster)
    assert {name for name, _ in done} == {
        name.lower() for name in (*BEAM_COMPONENTS, "probe") if name != "SpanStatistics"
    }
    assert {state for _, state in done} == {"FINISHED"}


@pytest.mark.parametrize("kind", engines.KINDS)
def test_its_results_are_those_of_the_process(runs, kind):
    assert engines.differences(kind, *runs) == []


def test_nothing_listens_beyond_this_machine(cluster):
    addresses = [each["path"] for each in cluster.taskmanagers()]
    assert len(addresses) == 2
    assert all("127.0.0.1" in address for address in addresses)


def test_an_engine_takes_from_the_cache_what_the_other_one_made(runs, cluster, data):
    here, on_flink = runs
    before = len(jobs(cluster))
    again = [
        engines.Run(data, here, *FAMILIES, *engines.on_flink(cluster)),
        engines.Run(data, on_flink, *FAMILIES),
    ]
    for run in again:
        assert run.end() == 0, run.console
        lines = (line.split() for line in run.console.splitlines())
        cached = {words[1] for words in lines if words[:1] == ["↺"]}
        assert {*BEAM_COMPONENTS, "Trainer.als", "Trainer.two_tower"} - {
            "SpanStatistics"
        } <= cached, run.console
    assert jobs(cluster)[before:] == [("probe", "FINISHED")]


@pytest.fixture
def begun(cluster, data, tmp_path):
    """A run whose ingest is under way on the cluster."""
    seed = "seed=18"  # another split, which no cache knows
    settings = (*engines.CLASSICAL, seed, *engines.on_flink(cluster))
    # In the background a shell has it ignored, and what is started there too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    run = engines.Run(data, tmp_path / "out", *settings)
    signal.signal(signal.SIGINT, before)
    try:
        assert engines.when(lambda: ("ingest", "RUNNING") in jobs(cluster)[-1:], run), run.end()
        yield run
    finally:
        if not run.ended():
            run.interrupt()
            run.end()


def test_an_interrupted_run_ends_its_job(begun, cluster):
    begun.interrupt()
    assert begun.end() == 1
    assert re.search(r"The Flink job segue-ingest-\S+ is cancelled\.", begun.console)
    deadline = time.monotonic() + 60
    while jobs(cluster)[-1][1] != "CANCELED" and time.monotonic() < deadline:
        time.sleep(0.5)
    assert jobs(cluster)[-1] == ("ingest", "CANCELED")


def test_a_job_server_that_vanishes_is_told(begun, cluster):
    cluster.kill("jobserver")
    try:
        assert begun.end() == 1
    finally:
        cluster.launch("jobserver")
        cluster.wait()
    assert f"Beam's job server at 127.0.0.1:{cluster.ports.jobs} no longer answers" in begun.console
    assert "Traceback" not in begun.console


def ready(cluster, **changed):
    settings = engines.on_flink(cluster, **changed)
    flink_jobs.wait_until_ready(load_config(None, settings, data="somewhere"), "20260102-030405")


class Idle(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """A pool that takes every order, and whose workers never start."""

    def StartWorker(self, request, context):  # noqa: N802
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request, context):  # noqa: N802
        return beam_fn_api_pb2.StopWorkerResponse()


def test_workers_that_never_start_are_told(cluster):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(Idle(), server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        with pytest.raises(flink_jobs.ClusterError, match="did not end it within 20 s") as error:
            ready(cluster, workers=address, wait_seconds=20)
        assert f"no Python worker starts at {address}" in str(error.value)
    finally:
        server.stop(0)


def test_a_cluster_whose_machines_are_gone_is_told(cluster):
    names = [name for name in cluster.processes if name.startswith("taskmanager")]
    for name in names:
        cluster.kill(name)
    try:
        deadline = time.monotonic() + 120
        while cluster.taskmanagers() and time.monotonic() < deadline:
            time.sleep(0.5)
        with pytest.raises(flink_jobs.ClusterError, match="Flink has 0 slots in 0 TaskManagers"):
            ready(cluster, wait_seconds=0)
    finally:
        for name in names:
            cluster.launch(name)
        cluster.wait()
    ready(cluster)


def test_nothing_outlives_a_cluster(cluster, tmp_path):
    with clusters.Cluster(tmp_path, clusters.Ports.free(), taskmanagers=1, slots=1) as another:
        ids = [process.pid for process in another.processes.values()]
        assert len(another.taskmanagers()) == 1
    assert len(ids) == 4
    assert not [pid for pid in ids if os.path.exists(f"/proc/{pid}")]
    assert len(cluster.taskmanagers()) == 2

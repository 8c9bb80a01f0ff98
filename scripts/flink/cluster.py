"""A Flink cluster on this machine, with Beam's job server and a pool of Python workers."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from types import TracebackType
from typing import Any, Final

from scripts import background
from scripts.flink import java
from scripts.pinned_jars import ROOT

HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 180.0
_END_SECONDS: Final = 20.0
_HEAP: Final = {"jobmanager": 1100, "jobserver": 900, "taskmanager": 1200}  # MiB
_DIRECT: Final = 900  # MiB of a TaskManager: the network's buffers and what sorts


@dataclasses.dataclass(frozen=True)
class Ports:
    """Where a cluster listens.

    Attributes:
        page: of Flink's page and REST API.
        jobs: of Beam's job server.
        artifacts: of the same, for what a job brings along.
        workers: of the pool of Python workers.
        inner: of the JobManager, for its TaskManagers.
    """

    page: int = 8081
    jobs: int = 8099
    artifacts: int = 8098
    workers: int = 50000
    inner: int = 6123

    @classmethod
    def free(cls) -> Ports:
        """Ports that nobody listens at."""
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in dataclasses.fields(cls)]
            for each in sockets:
                each.bind((HOST, 0))
            return cls(*(each.getsockname()[1] for each in sockets))


class ClusterError(RuntimeError):
    """The cluster cannot start, or a part of it ended: one sentence."""


class Cluster:
    """A cluster; a context manager that starts it and ends it.

    Args:
        folder: for its configuration, logs, and what Flink spills.
        ports: where it listens, at 127.0.0.1 alone.
        taskmanagers: how many processes work.
        slots: how many tasks each works at.

    Attributes:
        processes: what runs, by name: jobmanager, taskmanager-1, ..., jobserver, workers.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        ports: Ports = Ports(),
        taskmanagers: int = 2,
        slots: int = 2,
    ) -> None:
        self.folder = folder.absolute()
        self.ports = ports
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._taskmanagers = [f"taskmanager-{number + 1}" for number in range(taskmanagers)]
        self._slots = slots

    @property
    def page(self) -> str:
        """The address of Flink's page."""
        return f"http://{HOST}:{self.ports.page}"

    @property
    def options(self) -> dict[str, Any]:
        """The section `flink` of a configuration of runs on this cluster."""
        return {
            "job_endpoint": f"{HOST}:{self.ports.jobs}",
            "workers": f"{HOST}:{self.ports.workers}",
            "page": self.page,
        }

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts every part, and waits until they take jobs.

        Raises:
            MissingError: Java, Maven or jars are not there.
            ClusterError: a port is taken, a part ended, or it takes too long.
        """
        java.fetch()
        self._check_ports()
        for name in ("conf", "logs", "tmp", "artifacts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "conf" / "flink-conf.yaml").write_text(self._configuration(), "utf-8")
        for name in ("workers", "jobmanager", *self._taskmanagers, "jobserver"):
            self.launch(name)
        self.wait()

    def wait(self) -> None:
        """Waits until every part takes its share of jobs.

        Raises:
            ClusterError: a part ended, or it takes too long.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            if ended := self.ended():
                raise ClusterError(
                    f"{ended[0]} ended while it started: {self._last_words(ended[0])}"
                )
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"Flink is not ready after {_START_SECONDS:.0f} s; see {self.folder / 'logs'}."
                )
            time.sleep(0.5)

    def stop(self) -> None:
        """Ends every part, the job server and the workers first."""
        for process in reversed(self.processes.values()):
            process.terminate()
        deadline = time.monotonic() + _END_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def ended(self) -> list[str]:
        """The names of the parts that have ended by themselves."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def kill(self, name: str) -> None:
        """Kills a part as a crash of its machine would (SIGKILL)."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def launch(self, name: str) -> None:
        """Starts a part, for the first time or again."""
        log = self.folder / "logs" / f"{name}.log"
        command, environment = self._command(name), self._environment()
        self.processes[name] = background.start(command, self.folder, log, environment)

    def taskmanagers(self) -> list[dict[str, Any]]:
        """What Flink's REST API says of each TaskManager; none where it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.page}/taskmanagers", timeout=5) as answer:  # noqa: S310
                return json.load(answer)["taskmanagers"]
        except (OSError, ValueError):
            return []

    def worker_processes(self) -> list[int]:
        """The process ids of the Python workers that work for TaskManagers now."""
        pool = pathlib.Path(f"/proc/{self.processes['workers'].pid}/task")
        return [
            int(child) for path in pool.glob("*/children") for child in path.read_text().split()
        ]

    def _command(self, name: str) -> list[str]:
        conf = "conf"  # of the folder, where each part runs: job servers take no space in a path
        temporary = f"-Djava.io.tmpdir={self.folder / 'tmp'}"
        if name == "workers":
            return [sys.executable, "-m", "scripts.flink.workers", str(self.ports.workers)]
        if name == "jobmanager":
            main = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
            made = java.command(_HEAP["jobmanager"], main, "--configDir", conf)
        elif name == "jobserver":
            made = java.command(
                _HEAP["jobserver"],
                "org.apache.beam.runners.flink.FlinkJobServerDriver",
                f"--flink-master={HOST}:{self.ports.page}",
                f"--flink-conf-dir={conf}",
                f"--job-host={HOST}",
                f"--job-port={self.ports.jobs}",
                f"--artifact-port={self.ports.artifacts}",
                "--expansion-port=0",
                "--artifacts-dir=artifacts",
                of_beam=True,
            )
        else:
            main = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
            made = java.command(
                _HEAP["taskmanager"], main, "--configDir", conf, direct=_DIRECT, of_beam=True
            )
        return [made[0], temporary, *made[1:]]

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_USE_LEGACY_KERAS": "1"}
        return {**quiet, **os.environ, "PYTHONPATH": path}

    def _configuration(self) -> str:
        places = {
            "jobmanager.rpc.address": HOST,
            "jobmanager.rpc.port": self.ports.inner,
            "jobmanager.bind-host": HOST,
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "taskmanager.numberOfTaskSlots": self._slots,
            "rest.address": HOST,
            "rest.bind-address": HOST,
            "rest.port": self.ports.page,
            "io.tmp.dirs": "tmp",  # an absolute path may have a comma, and would be read as two
        }
        kept = (java.PACKAGES.deploy / "flink-conf.yaml").read_text("utf-8")
        return kept + "\n" + "".join(f"{key}: {value}\n" for key, value in places.items())

    def _check_ports(self) -> None:
        for name, port in dataclasses.asdict(self.ports).items():
            with socket.socket() as attempt:
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    attempt.bind((HOST, port))
                except OSError:
                    raise ClusterError(
                        f"Somebody listens at port {port} already: end it, or choose another one "
                        f"by --{name}."
                    ) from None

    def _ready(self) -> bool:
        return (
            sum(each["slotsNumber"] for each in self.taskmanagers())
            == len(self._taskmanagers) * self._slots
            and _listens(self.ports.jobs)
            and _listens(self.ports.workers)
        )

    def _last_words(self, name: str) -> str:
        lines = (self.folder / "logs" / f"{name}.log").read_text("utf-8", "replace").splitlines()
        said = [line for line in lines if line.strip() and not line.startswith("\t")]
        return said[-1] if said else "it said nothing"


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False

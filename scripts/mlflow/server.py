"""One MLflow server on this machine, in an environment of its own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request
from typing import Final

from scripts import background

HOST: Final = "127.0.0.1"
_ROOT: Final = pathlib.Path(__file__).resolve().parents[2]
_ANY: Final = "0.0.0.0"  # noqa: S104 - compared with what somebody asked for
_START_SECONDS: Final = 180.0
_END_SECONDS: Final = 30.0


class ServerError(RuntimeError):
    """The server cannot start: one sentence."""


def python() -> pathlib.Path:
    """The interpreter of .cache/mlflow, which is set up where it is not there.

    Raises:
        ServerError: it cannot be.
    """
    done = subprocess.run(  # noqa: S603 - no shell
        [str(_ROOT / "scripts" / "environment.sh"), "mlflow", "3.12"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError("MLflow's environment cannot be set up; its reason stands above.")
    return pathlib.Path(done.stdout.strip())


class Server(background.Service):
    """A server; a context manager that starts it and ends it.

    Args:
        folder: for its log, artifacts and, where none is named, its database. What is there
            already it goes on with.
        interpreter: of MLflow's environment.
        port: 0 for a free one.
        backend_store: its database, as sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME;
            "" for a file of the folder.
        host: the address that it listens at.
        allowed_hosts: names by which clients may call it, besides this machine's own; with commas.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        interpreter: pathlib.Path,
        *,
        port: int = 0,
        backend_store: str = "",
        host: str = HOST,
        allowed_hosts: str = "",
    ) -> None:
        self.folder = folder.absolute()
        super().__init__("MLflow", self.folder / "mlflow.log", ServerError)
        self.port = port or background.free_port()
        self._python = interpreter
        self._store = backend_store or f"sqlite:///{self.folder / 'mlflow.db'}"
        self._host = host
        self._allowed_hosts = allowed_hosts

    @property
    def address(self) -> str:
        """Where clients on this machine find it."""
        return f"http://{HOST if self._host == _ANY else self._host}:{self.port}"

    def start(self) -> None:
        """Starts it, and waits until it answers.

        Raises:
            ServerError: it ends, or takes too long.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._answers():
            raise ServerError(f"Something listens at port {self.port} already.")
        self._process = background.start(
            self._command(), self.folder, self.log, self._environment(), end=signal.SIGTERM
        )
        self._await_answer(_START_SECONDS)

    def stop(self) -> None:
        """Ends it as its operator would."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
            self.kill()

    def kill(self) -> None:
        """Ends it, and the process in which it answers, as a crash would (SIGKILL)."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _command(self) -> list[str]:
        command = [
            *(str(self._python), "-m", "mlflow", "server"),
            *("--host", self._host, "--port", str(self.port), "--workers", "1"),
            *("--artifacts-destination", str(self.folder / "artifacts")),
        ]
        if self._allowed_hosts:
            own = f"localhost,localhost:{self.port},{HOST},{HOST}:{self.port}"
            command += ["--allowed-hosts", f"{own},{self._allowed_hosts}"]
        return command

    def _environment(self) -> dict[str, str]:
        # What steers MLflow or Python here was meant for the caller's own.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "PYTHON"))
        }
        return {
            **kept,
            # A password among the arguments could be read by anybody on this machine.
            "MLFLOW_BACKEND_STORE_URI": self._store,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer,  # noqa: S310
        ):
            return bool(answer.status == 200)
        return False

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"see {self.log}"

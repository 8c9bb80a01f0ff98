"""One Kafka broker on this machine, which is its own controller (KRaft)."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import socket
import subprocess
import uuid
from base64 import urlsafe_b64encode
from typing import Final

from scripts import background, jdk
from scripts.pinned_jars import PinnedJars

HOST: Final = "127.0.0.1"
PACKAGES: Final = PinnedJars.of("Kafka")
_HEAP: Final = 512  # MiB
_START_SECONDS: Final = 120.0
_END_SECONDS: Final = 60.0


class BrokerError(RuntimeError):
    """The broker cannot start: one sentence."""


class Broker(background.Service):
    """A broker; a context manager that starts it and ends it.

    Args:
        folder: for its data, configuration and log. What is there already it goes on with.
        port: of clients, 0 for a free one; at 127.0.0.1 alone.
        options: more of Kafka's, such as {"log.retention.check.interval.ms": "1000"}.
        protocol: that clients speak, such as SASL_SSL; what it needs is among the options.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        port: int = 0,
        options: dict[str, str] | None = None,
        protocol: str = "PLAINTEXT",
    ) -> None:
        self.folder = folder.absolute()
        super().__init__("Kafka", self.folder / "kafka.log", BrokerError)
        self.port = port or background.free_port()
        self._controller = background.free_port()
        self._options = options or {}
        self._protocol = protocol

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Starts it, and waits until it answers.

        Raises:
            MissingError: Java, Maven or jars are not there.
            BrokerError: it ends, or takes too long.
        """
        PACKAGES.fetch()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "server.properties"
        settings.write_text(self._settings(), "utf-8")
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(settings)
        command = _command("kafka.Kafka", str(settings))
        self._process = background.start(command, self.folder, self.log)
        self._await_answer(_START_SECONDS)

    def stop(self) -> None:
        """Ends it as its operator would."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _format(self, settings: pathlib.Path) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(  # noqa: S603 - no shell
            _command("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokerError(f"Kafka's storage cannot be made: {done.stderr.strip()[-300:]}")

    def _settings(self) -> str:
        chosen = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{self._controller}",
            "listeners": (
                f"{self._protocol}://{HOST}:{self.port},CONTROLLER://{HOST}:{self._controller}"
            ),
            "listener.security.protocol.map": (
                f"{self._protocol}:{self._protocol},CONTROLLER:PLAINTEXT"
            ),
            "inter.broker.listener.name": self._protocol,
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **self._options,
        }
        return "".join(f"{key}={value}\n" for key, value in chosen.items())

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def _command(main: str, *arguments: str) -> list[str]:
    options = (f"-Xmx{_HEAP}m", "-Djava.net.preferIPv4Stack=true")
    return [jdk.program(), *options, "-cp", f"{PACKAGES.jars}/*", main, *arguments]

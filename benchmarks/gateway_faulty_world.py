"""A gateway with all that it uses, and the faults that may happen to that."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import confluent_kafka as ck

from benchmarks import gateway_load, gateway_world, harness
from benchmarks.gateway_load import Asked
from gateway import GatewayServer, load
from gateway.clock import EventClock
from listening.events.kafka.mock import mock_broker
from schema.events import parse
from scripts.background import free_port
from serving.client import RecommenderClient
from serving.protocol import ServingError

_LISTENERS: Final = 1_000
_CONCURRENCY: Final = 8
_TOPIC: Final = "exposures"
_START_SECONDS: Final = 300.0
_WARM_UP: Final = 40
_LOOKS_SECONDS: Final = 4.0
_READ_SECONDS: Final = 30.0
#: Seconds by which the time of an event may differ from the machine's.
_CLOCK: Final = 61.0
_LABELS: Final = {"stable": 1, "canary": 2}
_MODELS: Final = """
model_config_list {{ config {{ name: "segue" base_path: "{base}" model_platform: "tensorflow"
  model_version_policy {{ specific {{ {versions} }} }}
  {labels} }} }}
"""


class FaultyWorld:
    """A gateway, all that it uses, and what may happen to that."""

    def __init__(self, folder: pathlib.Path, tracks: int, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._listeners = gateway_world.make(folder, tracks, _LISTENERS)
        self._models = folder / "models.config"
        for version in (1, 2):
            path = folder / "base" / str(version)
            program = "import pathlib\nfrom benchmarks.serving_model import save_als as save\n"
            program += f"save(pathlib.Path({str(path)!r}), {tracks})"
            harness.run([sys.executable, "-c", program])
        self._name(1, 2)
        port = free_port()
        self._server = _served(self._models, port)
        stack.callback(self._end_server)
        self._broker = contextlib.ExitStack()
        stack.callback(self._broker.close)
        brokers = self._broker.enter_context(mock_broker())
        self._ahead, self._began = 0.0, time.time()
        self._reader = _Reader(brokers)
        self._surfaces = [
            gateway_load.bodies(self._listeners, surface) for surface in gateway_world.SURFACES
        ]
        path_of_config = gateway_world.config(
            folder,
            f"127.0.0.1:{port}",
            server={"target": f"127.0.0.1:{port}", "deadline_ms": 500},
            store={"uri": f"embedded:{folder / 'store'}", "deadline_ms": 250, "cache_seconds": 0},
            limits={"per_second": 1e6, "burst": 10**6, "answer_ms": 1_000},
            exposures={"kafka": {"brokers": brokers, "topic": _TOPIC, "deadline_ms": 3_000}},
            breaker={"failures": 5, "seconds": 1},
            routes=[
                {
                    "experiment": "second-version",
                    "salt": "soak",
                    "arms": [
                        {"name": "control", "share": 0.25},
                        {"name": "second", "share": 0.25, "model": {"label": "canary"}},
                    ],
                }
            ],
        )
        clock = EventClock(lambda: time.time() + self._ahead)
        self._gateway = GatewayServer(load(path_of_config), clock=clock)
        stack.enter_context(self._gateway)
        self._slots: dict[str, int] = {}
        self._await_model(f"127.0.0.1:{port}")

    def serve(self, *versions: int) -> None:
        """Has the server serve these versions alone; it looks once a second."""
        self._name(*versions)
        time.sleep(_LOOKS_SECONDS)

    def _name(self, *versions: int) -> None:
        content = _MODELS.format(
            base=self._folder / "base",
            versions=" ".join(f"versions: {version}" for version in versions),
            labels=" ".join(
                f'version_labels {{ key: "{label}" value: {version} }}'
                for label, version in _LABELS.items()
                if version in versions
            ),
        )
        partial = self._models.with_suffix(".partial")
        partial.write_text(content)
        partial.rename(self._models)

    def hang(self) -> None:
        """The model server takes requests, and does not go on."""
        os.kill(self._server.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """It goes on."""
        os.kill(self._server.pid, signal.SIGCONT)
        time.sleep(3)

    def kill(self) -> None:
        """It is gone."""
        self._end_server()

    def spoil_store(self) -> None:
        """The store's file is none any more."""
        for path in (self._folder / "store").glob("online.sqlite*"):
            path.write_bytes(b"no database" * 1_000)

    def jump(self, seconds: float) -> None:
        """The clock of events is set."""
        self._ahead += seconds

    def stage(self, fault: Callable[[], None], requests: int) -> dict[str, Any]:
        """Asks while something is wrong.

        Args:
            fault: what goes wrong before.
            requests: how many are sent.
        """
        fault()
        asked = asyncio.run(self._ask(requests))
        told = [each.answer for each in asked if "tracks" in each.answer]
        self._slots |= {answer["request_id"]: len(answer["tracks"]) for answer in told}
        return {
            **gateway_load.told(asked),
            "faults": dict(collections.Counter(each.fault for each in asked if each.fault)),
            "fallbacks": _fallbacks(asked),
        }

    def at_broker(self) -> dict[str, Any]:
        """Compares what is said to be logged with what the broker has."""
        deadline = time.monotonic() + 30
        while sum(self._gateway.exposures.counts().values()) < len(self._slots):
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        counts = self._gateway.exposures.counts()
        events = self._reader.ended(counts.get("logged", 0))
        now = time.time()
        off = sum(not self._began - _CLOCK < at < now + _CLOCK for at in events.values())
        answers = {key.partition(":")[0] for key in events}
        return {
            "answers_logged_by_then": counts.get("logged", 0),
            "answers_at_broker": len(answers),
            "slots_of_these_answers": sum(self._slots.get(each, 0) for each in answers),
            "events_at_broker": len(events),
            "event_times_off": off,
        }

    def end_broker(self) -> None:
        """The broker is gone."""
        self._broker.close()

    def end(self) -> dict[str, Any]:
        """Ends the gateway, and says what became of all exposures."""
        self._gateway.stop()
        counts = self._gateway.exposures.counts()
        logged = counts.pop("logged", 0)
        return {
            "answers": len(self._slots),
            "logged": logged,
            "unlogged": counts,
        }

    async def _ask(self, requests: int) -> list[Asked]:
        half = requests // 2
        workers = _CONCURRENCY // 2
        parts = await asyncio.gather(
            *(
                gateway_load.ask_all(self._gateway.port, bodies, workers, count)
                for bodies, count in zip(self._surfaces, (half, requests - half), strict=True)
            )
        )
        return [each for part in parts for each in part]

    def _await_model(self, target: str) -> None:
        """Waits until both versions are served, then asks each for the first time."""
        deadline = time.monotonic() + _START_SECONDS
        while self._available(target) < len(_LABELS):
            if time.monotonic() > deadline:
                raise SystemExit("the model server does not serve both versions")
            time.sleep(1)
        found = asyncio.run(self._ask(_WARM_UP))
        self._slots |= {e.answer["request_id"]: len(e.answer["tracks"]) for e in found}

    @staticmethod
    def _available(target: str) -> int:
        """How many versions answer; none while nobody listens."""
        try:
            with RecommenderClient(target) as client:
                return sum(each.state == "AVAILABLE" for each in client.status())
        except ServingError:
            return 0

    def _end_server(self) -> None:
        if self._server.poll() is None:
            os.kill(self._server.pid, signal.SIGCONT)
            self._server.kill()
            self._server.wait()


class _Reader:
    """Reads what is at the broker while it comes: a mock keeps the last megabytes alone."""

    def __init__(self, brokers: str) -> None:
        self._consumer = ck.Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": "soak",
                "auto.offset.reset": "earliest",
                "topic.metadata.refresh.interval.ms": 500,
            }
        )
        self._consumer.subscribe([_TOPIC])
        self._events: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ended(self, answers: int) -> dict[str, float]:
        """The time of each event by its key, once so many answers have come or no more do."""
        deadline = time.monotonic() + _READ_SECONDS
        while time.monotonic() < deadline:
            if len({key.partition(":")[0] for key in list(self._events)}) >= answers:
                break
            time.sleep(0.5)
        time.sleep(1)  # for the last slots of the last answer
        self._stop.set()
        self._thread.join()
        self._consumer.close()
        return self._events

    def _read(self) -> None:
        while not self._stop.is_set():
            for message in self._consumer.consume(1_000, timeout=0.2):
                if not message.error():
                    event = parse(message.value())
                    self._events[event.idempotency_key] = event.event_time / 1e6


def _fallbacks(asked: Sequence[Asked]) -> dict[str, int]:
    """How often something did not answer, and why."""
    found = collections.Counter(
        f"{each['from']}: {each['reason']}"
        for one in asked
        for each in one.answer.get("fallbacks", ())
    )
    return dict(found.most_common())


def _served(models: pathlib.Path, port: int) -> subprocess.Popen[bytes]:
    """The development server, which follows a file of models."""
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port)]
    command += ["--model-config-file", str(models), "--model-config-file-poll-wait-seconds", "1"]
    command += ["--allow-version-labels-for-unavailable-models"]
    return subprocess.Popen(
        command, cwd=harness.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

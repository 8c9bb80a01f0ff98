"""Servers whose versions load at once, and processes that release there and are killed."""

from __future__ import annotations

import multiprocessing
import pathlib
from typing import Any

from tensorflow_serving.apis import model_pb2

from serving.protocol import single_model_config
from serving.protocol.errors import failed_precondition
from serving.protocol.model_config import read_model_config
from serving.release import ReleaseManager
from serving.server import ModelServer
from tests.serving.release import interruptions
from tests.serving.release.interruptions import open_manager
from tests.serving.serving_helpers import MODEL, eventually

#: Its one parent process imports TensorFlow's messages once, for all processes to be killed.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.serving.release.interruptions"])


class EmptyServable:
    """A version that loads at once; the releases of it are what counts here."""

    def __init__(self, name: str, version: int, path: str) -> None:
        if pathlib.Path(path, "saved_model.pb").read_bytes():
            raise failed_precondition("not a model")
        self.name = name
        self.version = version
        self.signatures: dict[str, Any] = {}

    def close(self) -> None:
        pass


def load_empty(server: ModelServer, name: str, version: int, path: str) -> EmptyServable:
    del server
    return EmptyServable(name, version, path)


def push(base: pathlib.Path, version: int) -> None:
    (base / str(version)).mkdir()
    (base / str(version) / "saved_model.pb").touch()


class Place:
    """A server as it was started, and a folder for files of releases."""

    def __init__(self, server: ModelServer, base: pathlib.Path, folder: pathlib.Path) -> None:
        self.server = server
        self.base = base
        self.config = folder / "models.config"
        self.pending = folder / "releases.pending.json"
        server.manager.reload(single_model_config(MODEL, base))
        self.eventually_serves(3)

    def open(self, **options: Any) -> ReleaseManager:
        return open_manager(self.server.target, str(self.base), str(self.config), **options)

    def process(self, action: str, version: int, kill_at: int = 0) -> Any:
        arguments = (self.server.target, str(self.base), str(self.config), action, version, kill_at)
        process = PROCESSES.Process(target=interruptions.release, args=arguments)
        process.start()
        return process

    def answered_by(self, label: str) -> int:
        spec = model_pb2.ModelSpec(name=MODEL, version_label=label)
        with self.server.manager.table.use(spec) as servable:
            return servable.version

    def labels(self) -> dict[str, int]:
        (entry,) = read_model_config(self.config).model_config_list.config
        return dict(entry.version_labels)

    def eventually_serves(self, *versions: int) -> None:
        eventually(lambda: self.server.manager.table.loaded()[MODEL] == list(versions))

"""How versions are looked for and loaded: TF Serving's flags for it."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from models.export.warmup import write_warmup
from serving.protocol import ModelServerConfig, ServingError, single_model_config
from serving.protocol.errors import failed_precondition
from serving.server import ModelServer, ServerOptions
from serving.server.versions import WatchOptions
from serving.server.versions.manager import ModelManager
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, Stubs, eventually, predict_request

AVAILABLE, END = 30, 50
Push = Callable[[int], pathlib.Path]


class Loader:
    """Loads nothing, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.tried = 0

    def __call__(self, name: str, version: int, path: str) -> Loader:
        self.tried += 1
        if self.tried <= self.failures:
            raise failed_precondition("not yet")
        return self

    def close(self) -> None:
        """Has nothing to close."""


@pytest.fixture
def manage(base: pathlib.Path) -> Iterator[Callable[..., ModelManager]]:
    made: list[ModelManager] = []

    def start(load: Loader, **options: float) -> ModelManager:
        manager = ModelManager(load, WatchOptions(**options))  # type: ignore[arg-type]
        made.append(manager)
        manager.start(single_model_config(MODEL, base))
        return manager

    yield start
    for manager in made:
        manager.stop()


def test_retries(manage: Callable[..., ModelManager], base: pathlib.Path) -> None:
    (base / "1").mkdir()
    load = Loader(failures=2)
    # The pause between two looks does not hold a retry up.
    manager = manage(load, poll_seconds=3600, max_load_retries=2, load_retry_seconds=0.01)
    assert manager.wait_available(timeout=30)
    assert load.tried == 3


def test_retries_end(manage: Callable[..., ModelManager], base: pathlib.Path) -> None:
    (base / "1").mkdir()
    load = Loader(failures=9)
    manager = manage(load, poll_seconds=0.01, max_load_retries=1, load_retry_seconds=0)
    with pytest.raises(ServingError, match="not yet"):
        manager.wait_available(timeout=30)
    assert load.tried == 2


def test_zero_looks_once(manage: Callable[..., ModelManager], base: pathlib.Path) -> None:
    (base / "1").mkdir()
    manager = manage(Loader(), poll_seconds=0)
    assert manager.wait_available(timeout=30)
    (base / "2").mkdir()
    manager._wake.set()
    time.sleep(0.2)
    assert manager.table.loaded() == {MODEL: [1]}
    # A new configuration is a reason to look again.
    config = ModelServerConfig()
    config.CopyFrom(single_model_config(MODEL, base))
    config.model_config_list.config[0].model_version_policy.all.SetInParent()
    manager.reload(config)
    eventually(lambda: manager.table.loaded() == {MODEL: [1, 2]})


def test_falls_back_until_the_latest_loads(
    manage: Callable[..., ModelManager], base: pathlib.Path
) -> None:
    for version in ("1", "2", "3"):
        (base / version).mkdir()
    broken = {2, 3}

    class Some(Loader):
        def __call__(self, name: str, version: int, path: str) -> Loader:
            if version in broken:
                raise failed_precondition("cut off")
            return self

    manager = manage(
        Some(), poll_seconds=0.01, max_load_retries=1, load_retry_seconds=0.01, fall_back=True
    )
    assert manager.wait_available(timeout=30)
    assert manager.table.loaded() == {MODEL: [1]}
    broken.clear()
    (base / "3" / "saved_model.pb").touch()
    eventually(lambda: manager.table.loaded() == {MODEL: [3]})


def test_a_pinned_version_does_not_fall_back(base: pathlib.Path) -> None:
    for version in ("1", "2"):
        (base / version).mkdir()
    manager = ModelManager(Loader(failures=9), WatchOptions(0.01, 1, 0, fall_back=True))
    config = ModelServerConfig()
    config.CopyFrom(single_model_config(MODEL, base))
    config.model_config_list.config[0].model_version_policy.specific.versions.append(2)
    manager.start(config)
    with pytest.raises(ServingError, match="version: 2"):
        manager.wait_available(timeout=30)
    manager.stop()


@pytest.mark.parametrize(("enabled", "state"), [(True, END), (False, AVAILABLE)])
def test_warm_up_can_be_left_out(
    start: Callable[..., ModelServer],
    push: Push,
    saved_model: pathlib.Path,
    base: pathlib.Path,
    tmp_path: pathlib.Path,
    enabled: bool,
    state: int,
) -> None:
    push(1)
    server = start(base, enable_model_warmup=enabled)
    bad = toy_model.push(saved_model, tmp_path / "other", 2)
    write_warmup(str(bad), [predict_request(signature="nope")])
    bad.rename(base / "2")
    stubs = Stubs(server.target)
    assert eventually(lambda: (found := stubs.states().get(2)) and found[0] == state)


def test_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.cli.main import app

    given: list[ServerOptions] = []

    def run(_: str, options: ServerOptions, **__: object) -> int:
        given.append(options)
        return 0

    monkeypatch.setattr("serving.server.serve", run)
    flags = ["--file-system-poll-wait-seconds", "0", "--max-num-load-retries", "3"]
    flags += ["--load-retry-interval-micros", "500000", "--no-enable-model-warmup", "--fall-back"]
    for arguments in ([], flags):
        done = CliRunner().invoke(app, ["serve", "--model-base", "x", *arguments])
        assert done.exit_code == 0, done.output
    plain, set_up = given
    assert (plain.watch, plain.enable_model_warmup) == (WatchOptions(1.0, 5, 2.0), True)
    assert (set_up.watch, set_up.enable_model_warmup) == (WatchOptions(0.0, 3, 0.5, True), False)
    refused = CliRunner().invoke(app, ["serve", "--file-system-poll-wait-seconds", "-1"])
    assert refused.exit_code == 2

"""Versions pushed, broken and removed under load: nothing is dropped, nothing is mixed."""

from __future__ import annotations

import pathlib
import shutil
import threading
from collections.abc import Callable

import grpc
import numpy as np
import pytest

from serving.server import BatchingOptions, ModelServer
from tests.serving.serving_helpers import Stubs, eventually, predict_request
from tests.serving.toy_model import uri

AVAILABLE, END = 30, 50
Push = Callable[[int], pathlib.Path]


class Load:
    """Threads that ask without a pause, and what they were answered."""

    def __init__(self, target: str, threads: int = 4) -> None:
        self.versions: list[int] = []
        self.failures: list[str] = []
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(target, seed)) for seed in range(threads)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        eventually(lambda: len(self.versions) > 20 or self.failures)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def answered_by(self, version: int, times: int = 20) -> bool:
        return self.versions[-times:] == [version] * times

    def _ask(self, target: str, seed: int) -> None:
        stubs = Stubs(target)
        rows = 3
        request = predict_request("x", [uri(seed)])
        for alias in ("name", "track_uris"):
            tensor = request.inputs[alias]
            tensor.string_val.extend(list(tensor.string_val) * (rows - 1))
            tensor.tensor_shape.dim[0].size = rows
        while not self._stopping.is_set():
            try:
                response = stubs.prediction.Predict(request, timeout=30)
            except grpc.RpcError as error:
                self.failures.append(f"{error.code()}: {error.details()}")
                return
            version = response.model_spec.version.value
            scores = np.array(response.outputs["scores"].float_val)
            scores = scores[np.isfinite(scores)]
            # Every row names the version that computed it: 100 * version + at most 1/2.
            if set((scores // 100).astype(int)) != {version} or len(scores) != 7 * rows:
                self.failures.append(f"version {version} answered {scores}")
            self.versions.append(version)


@pytest.mark.parametrize(
    "batching",
    [None, BatchingOptions(max_batch_size=8, batch_timeout_micros=500)],
    ids=["plain", "batching"],
)
def test_swaps_under_load(
    start: Callable[..., ModelServer],
    push: Push,
    base: pathlib.Path,
    batching: BatchingOptions | None,
) -> None:
    push(1)
    server = start(base, batching=batching)
    stubs = Stubs(server.target)
    with Load(server.target) as load:
        for version in (2, 3, 4):
            push(version)
            eventually(lambda version=version: load.failures or load.answered_by(version))
        # Back: the latest is removed and the one before is loaded again.
        shutil.rmtree(base / "4")
        eventually(lambda: load.failures or load.answered_by(3))
        eventually(lambda: stubs.states()[4][0] == END)
    assert load.failures == []
    assert set(load.versions) == {1, 2, 3, 4}


def corrupt_graph(version: pathlib.Path) -> None:
    data = (version / "saved_model.pb").read_bytes()
    (version / "saved_model.pb").write_bytes(data[: len(data) // 2])


def remove_graph(version: pathlib.Path) -> None:
    (version / "saved_model.pb").unlink()


def remove_variables(version: pathlib.Path) -> None:
    shutil.rmtree(version / "variables")


def truncate_variables(version: pathlib.Path) -> None:
    (data,) = (version / "variables").glob("variables.data-*")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])


def remove_asset(version: pathlib.Path) -> None:
    (version / "assets" / "version.txt").unlink()


def spoil_warmup(version: pathlib.Path) -> None:
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no TFRecord at all")


@pytest.mark.parametrize(
    "damage",
    [
        corrupt_graph,
        remove_graph,
        remove_variables,
        truncate_variables,
        remove_asset,
        spoil_warmup,
    ],
)
def test_broken_version_leaves_the_old_one(
    start: Callable[..., ModelServer],
    push: Push,
    base: pathlib.Path,
    tmp_path: pathlib.Path,
    damage: Callable[[pathlib.Path], None],
) -> None:
    push(1)
    broken = push(2).rename(tmp_path / "2")
    damage(broken)
    server = start(base)
    stubs = Stubs(server.target)
    with Load(server.target, threads=2) as load:
        broken.rename(base / "2")
        state = eventually(lambda: stubs.states().get(2, (0,))[0] == END and stubs.states()[2])
        assert state[1] != 0
        assert state[2]
        eventually(lambda: len(load.versions) > 60 or load.failures)
    assert load.failures == []
    assert set(load.versions) == {1}
    assert stubs.states()[1] == (AVAILABLE, 0, "")


def test_failed_version_is_tried_again_when_it_changes(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path, saved_model: pathlib.Path
) -> None:
    push(1)
    stubs = Stubs(start(base).target)
    # A push that is not careful: the directory is there before its files are.
    (base / "2").mkdir()
    eventually(lambda: stubs.states().get(2, (0,))[0] == END)
    shutil.copytree(saved_model, base / "2", dirs_exist_ok=True)
    eventually(lambda: stubs.states()[2] == (AVAILABLE, 0, ""))


def test_what_is_no_version_is_left_alone(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    push(1)
    (base / "tmp").mkdir()
    (base / "-5").mkdir()
    (base / "99999999999999999999").mkdir()  # beyond int64
    (base / "7").write_text("a file")
    assert list(Stubs(start(base).target).states()) == [1]


def test_requests_under_way_are_answered_by_their_version(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    push(1)
    server = start(base)
    stubs = Stubs(server.target)
    table = server.manager.table
    with table.use(predict_request().model_spec) as servable:
        push(2)
        eventually(lambda: stubs.states().get(2, (0,))[0] == AVAILABLE)
        eventually(lambda: stubs.states()[1][0] == 40)  # UNLOADING, for as long as it is held
        feeds = ["serving_default_name:0", "serving_default_track_uris:0"]
        fetch = servable.signatures["serving_default"].outputs["scores"].name
        arrays = [np.array([b"x"], object), np.array([[b""]], object)]
        (scores,) = servable.run_session(feeds, [fetch], arrays)
        assert scores[0, 0] == 108  # version 1, t(0) with 8 points
    eventually(lambda: stubs.states()[1][0] == END)


def test_stop_lets_requests_end(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    push(1)
    server = start(base)
    with Load(server.target) as load:
        server.stop(grace=20, lame_duck=1)
        eventually(lambda: len(load.failures) == 4)
    # Refused before they began, never cut off.
    assert set(load.failures) == {"StatusCode.UNAVAILABLE: The server is shutting down"}

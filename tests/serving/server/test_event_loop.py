"""The server's event loop: what threads hand to it, and what outlives those who asked."""

from __future__ import annotations

import asyncio
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from serving.server import ModelServer
from serving.server.batching import BatchingOptions
from serving.server.event_loop import EventLoop, Mailbox
from serving.server.versions import Servable
from tests.serving.serving_helpers import MODEL, Stubs, eventually, predict_request


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    made = EventLoop()
    yield made
    made.stop()


def test_results_and_errors_come_back(loop: EventLoop) -> None:
    async def answer(value: int) -> int:
        await asyncio.sleep(0)
        if value < 0:
            raise ValueError("below zero")
        return value

    assert loop.run(answer(5)) == 5
    with pytest.raises(ValueError, match="below zero"):
        loop.run(answer(-1))


def test_what_is_submitted_last_is_begun_and_cancelled(loop: EventLoop) -> None:
    seen = []

    async def wait() -> None:
        seen.append("begun")
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    other = EventLoop()
    other.submit(wait())
    other.stop()
    assert seen == ["begun", "cancelled"]


def test_mailbox_delivers_everything_in_order(loop: EventLoop) -> None:
    mailbox = Mailbox(loop.loop)
    got: list[tuple[int, int]] = []
    threads = [
        threading.Thread(
            target=lambda sender=sender: [
                mailbox.post(lambda number=number: got.append((sender, number)))  # type: ignore[misc]
                for number in range(2000)
            ]
        )
        for sender in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: len(got) == 8000)
    for sender in range(4):
        assert [number for who, number in got if who == sender] == list(range(2000))


@pytest.mark.parametrize("batching", [None, BatchingOptions()])
def test_caller_that_goes_does_not_take_the_version_with_it(
    start: Callable[..., ModelServer],
    push: Callable[[int], pathlib.Path],
    base: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    batching: BatchingOptions | None,
) -> None:
    push(1)
    server = start(base, batching=batching)
    stubs = Stubs(server.target)
    running, go = threading.Event(), threading.Event()
    run = Servable.run_session

    def slow(*args: Any, **kwargs: Any) -> Any:
        running.set()
        assert go.wait(30)
        return run(*args, **kwargs)

    monkeypatch.setattr(Servable, "run_session", slow)
    call = stubs.prediction.Predict.future(predict_request(), timeout=30)
    assert running.wait(30)
    call.cancel()
    count = {"method": "Predict", "model": MODEL, "code": "CANCELLED"}
    metric = "segue_serving_requests_total"
    eventually(lambda: server.metrics.registry.get_sample_value(metric, count) == 1)
    version = server.manager.table.models[MODEL].versions[1]
    assert version.users == 1  # it is being run still
    go.set()
    eventually(lambda: version.users == 0)
    assert stubs.prediction.Predict(predict_request(), timeout=30).model_spec.version.value == 1
    assert call.code() is grpc.StatusCode.CANCELLED


def test_requests_are_bounded_and_cancelled_ones_are_not_run(
    start: Callable[..., ModelServer],
    push: Callable[[int], pathlib.Path],
    base: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serving.server.server._MAX_REQUESTS", 3)
    push(1)
    server = start(base, max_workers=1)
    stubs = Stubs(server.target)
    running, go, runs = threading.Event(), threading.Event(), []
    run = Servable.run_session

    def slow(*args: Any, **kwargs: Any) -> Any:
        runs.append(1)
        running.set()
        assert go.wait(30)
        return run(*args, **kwargs)

    monkeypatch.setattr(Servable, "run_session", slow)
    version = server.manager.table.models[MODEL].versions[1]
    first = stubs.prediction.Predict.future(predict_request(), timeout=30)
    assert running.wait(30)
    queued = [stubs.prediction.Predict.future(predict_request(), timeout=30) for _ in range(2)]
    eventually(lambda: version.users == 3)
    with pytest.raises(grpc.RpcError) as refused:
        stubs.prediction.Predict(predict_request(), timeout=30)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for call in queued:
        call.cancel()
    count = {"method": "Predict", "model": MODEL, "code": "CANCELLED"}
    metric = "segue_serving_requests_total"
    eventually(lambda: server.metrics.registry.get_sample_value(metric, count) == 2)
    go.set()
    assert first.result(30).model_spec.version.value == 1
    eventually(lambda: version.users == 0)
    assert len(runs) == 1
    assert stubs.prediction.Predict(predict_request(), timeout=30).model_spec.version.value == 1

"""Batches are formed, padded, split and refused as TF Serving's batching session does."""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import meta_graph_pb2

from serving.protocol import ConfigError, ServingError
from serving.server import ModelServer
from serving.server.batching import BatchingOptions, read_batching_parameters
from serving.server.batching import tensors as batch_tensors
from serving.server.batching.scheduler import BatchingRunner, BatchScheduler
from serving.server.batching.tensors import Extent
from tests.serving.serving_helpers import Stubs, predict_request
from tests.serving.toy_model import uri

CODE = grpc.StatusCode


class FakeServable:
    """Doubles its input, when it is let; remembers the sizes of what it ran."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.running = threading.Event()
        self.go = threading.Event()
        self.go.set()
        signature = meta_graph_pb2.SignatureDef()
        signature.inputs["x"].name = "x:0"
        signature.inputs["x"].tensor_shape.dim.add().size = -1
        self.signatures = {"serving_default": signature}

    def run_session(
        self,
        feeds: Sequence[str],
        fetches: Sequence[str],
        arrays: Sequence[np.ndarray],
        deadline: float | None = None,
    ) -> list[np.ndarray]:
        self.running.set()
        assert self.go.wait(30)
        self.sizes.append(len(arrays[0]))
        if np.any(arrays[0] == -1):
            raise ServingError(CODE.INVALID_ARGUMENT, "minus one")
        return [arrays[0] * 2 for _ in fetches]


class Bench:
    """A runner with one batch thread, and a way to make requests pile up before it."""

    def __init__(self, max_elements: int = 1000, **options: object) -> None:
        self.servable = FakeServable()
        self.rows: list[int] = []
        self.scheduler = BatchScheduler(
            BatchingOptions(**{"num_batch_threads": 1} | options), self.rows.append, max_elements
        )
        self.runner = BatchingRunner(self.servable, self.scheduler)  # type: ignore[arg-type]
        self.pool = futures.ThreadPoolExecutor(16)

    def ask(self, *values: float) -> futures.Future:
        return self.pool.submit(self.run, np.array(values))

    def run(self, values: np.ndarray, deadline: float | None = None) -> list[np.ndarray]:
        answer: futures.Future[list[np.ndarray]] = futures.Future()

        def done(outputs: list[np.ndarray], error: ServingError | None) -> None:
            if error:
                answer.set_exception(error)
            else:
                answer.set_result(outputs)

        self.runner.start(["x:0"], ["y:0"], [values], deadline, done)
        return answer.result(30)

    def pile_up(self, *requests: Sequence[float]) -> list[futures.Future]:
        """Holds the batch thread with a request of its own while these are queued in order."""
        self.servable.go.clear()
        self.servable.running.clear()
        first = self.ask(0)
        assert self.servable.running.wait(30)
        waiting = []
        for values in requests:
            waiting.append(self.ask(*values))
            queue = self.runner._queue(("x:0",), ("y:0",))
            total = sum(len(request) for request in requests[: len(waiting)])
            while sum(batch.size for batch in queue.batches) < total and not waiting[-1].done():
                pass
        self.servable.go.set()
        assert first.result(30)[0].tolist() == [0]
        return waiting

    def close(self) -> None:
        self.servable.go.set()
        self.scheduler.stop()
        self.pool.shutdown()


@pytest.fixture
def bench() -> Callable[..., Bench]:
    made: list[Bench] = []

    def make(**options: Any) -> Bench:
        made.append(Bench(**options))
        return made[-1]

    yield make
    for item in made:
        item.close()


def test_what_piles_up_is_run_together(bench: Callable[..., Bench]) -> None:
    b = bench(max_batch_size=4)
    answers = b.pile_up([1, 2], [3], [4, 5], [6])
    # 1 2 3 fit, 4 5 do not fit any more: 3 rows and 3 rows.
    assert [answer.result(30)[0].tolist() for answer in answers] == [[2, 4], [6], [8, 10], [12]]
    assert b.servable.sizes == [1, 3, 3]
    assert b.rows == [1, 3, 3]


def test_parts_that_cannot_be_joined_are_an_error(bench: Callable[..., Bench]) -> None:
    b = bench(max_batch_size=1000, enable_large_batch_splitting=True, max_execution_batch_size=2)
    run = b.servable.run_session

    def widening(*args: Any, **kwargs: Any) -> list[np.ndarray]:
        (output,) = run(*args, **kwargs)
        return [np.zeros((len(output), len(b.servable.sizes)))]

    b.servable.run_session = widening  # type: ignore[assignment, method-assign]
    # Its two parts come back 1 and 2 wide.
    with pytest.raises(ServingError):
        b.run(np.array([1.0, 2.0, 3.0, 4.0]))
    # The only batch thread is alive.
    assert b.run(np.array([1.0]))[0].shape == (1, 3)


def test_batch_is_padded_to_an_allowed_size(bench: Callable[..., Bench]) -> None:
    b = bench(max_batch_size=8, allowed_batch_sizes=(2, 8))
    answers = b.pile_up([1, 2], [3])
    assert [answer.result(30)[0].tolist() for answer in answers] == [[2, 4], [6]]
    assert b.servable.sizes == [2, 8]  # 1 row padded to 2, 3 rows to 8


def test_open_batch_waits_for_its_timeout(bench: Callable[..., Bench]) -> None:
    b = bench(max_batch_size=2, batch_timeout_micros=60_000_000)
    lonely = b.ask(1)
    assert not lonely.done()
    companion = b.ask(2)  # the batch is full: no need to wait for a minute
    assert {lonely.result(30)[0].item(), companion.result(30)[0].item()} == {2, 4}
    assert b.servable.sizes == [2]


def test_failure_is_that_of_one_request(bench: Callable[..., Bench]) -> None:
    b = bench()
    one, bad, three = b.pile_up([1], [-1], [3])
    assert [one.result(30)[0].tolist(), three.result(30)[0].tolist()] == [[2], [6]]
    with pytest.raises(ServingError, match="minus one"):
        bad.result(30)
    # After the first request: all three fail, then halves: 1, and -1 with 3, and these alone.
    assert b.servable.sizes == [1, 3, 1, 2, 1, 1]


def test_wide_requests_do_not_share_a_batch_beyond_the_budget(bench: Callable[..., Bench]) -> None:
    b = bench(max_elements=3)
    answers = b.pile_up([1, 2], [3, 4], [5], [])
    assert [answer.result(30)[0].tolist() for answer in answers] == [[2, 4], [6, 8], [10], []]
    assert b.servable.sizes == [1, 2, 3]  # 1 2 | 3 4 5


def test_queue_counts_the_batches_that_the_budget_opens(bench: Callable[..., Bench]) -> None:
    b = bench(max_elements=1, max_enqueued_batches=2)
    one, two, three = b.pile_up([1], [2], [3])
    assert [one.result(30)[0].item(), two.result(30)[0].item()] == [2, 4]
    with pytest.raises(ServingError, match="is full"):
        three.result(30)


def test_request_beyond_the_budget_of_a_batch(bench: Callable[..., Bench]) -> None:
    b = bench(max_elements=3, max_batch_size=8, allowed_batch_sizes=(2, 8))
    with pytest.raises(ServingError) as caught:
        b.run(np.array([1.0, 2.0, 3.0]))  # padded to eight rows
    assert caught.value.code is CODE.INVALID_ARGUMENT
    assert caught.value.message == (
        "3 rows of this request make a batch of 8 elements; this server runs at most 3 together "
        "(max_elements)"
    )
    assert b.run(np.array([1.0, 2.0]))[0].tolist() == [2, 4]


def test_different_lengths_without_padding_are_run_apart(bench: Callable[..., Bench]) -> None:
    b = bench(max_batch_size=2, batch_timeout_micros=60_000_000)
    wide, narrow = (b.pool.submit(b.run, np.ones((1, width))) for width in (3, 2))
    assert wide.result(30)[0].tolist() == [[2, 2, 2]]
    assert narrow.result(30)[0].tolist() == [[2, 2]]


def test_extent() -> None:
    text = np.array([[b"a" * 64, b""]], object)  # its strings count as two elements each
    extent = Extent.of([text, np.ones((1, 3, 4))], 1)
    assert extent == Extent(1, ((2, 2), (1, 3, 4)))
    assert extent.elements(5) == 5 * (2 * 2 + 3 * 4)
    wider = Extent(2, ((1, 7), (1, 2, 5)))
    assert extent.join(wider) == Extent(3, ((2, 7), (1, 3, 5)))
    # Without rows it does not count, on either side.
    rowless = Extent(0, ((1, 10**6), (1, 1, 1)))
    assert extent.join(rowless) == extent
    assert rowless.join(extent) == extent


def test_request_without_rows_does_not_decide_the_width() -> None:
    requests = [[np.empty((0, 6_000_000), object)], [np.array([[b"a"]], object)]]
    for options in (BatchingOptions(), BatchingOptions(pad_variable_length_inputs=True)):
        (merged,) = batch_tensors.merge(["x:0"], requests, 1, options)
        assert merged.tolist() == [[b"a"]]


def test_full_queue(bench: Callable[..., Bench]) -> None:
    b = bench(max_batch_size=1, max_enqueued_batches=2)
    one, two, three = b.pile_up([1], [2], [3])
    assert [one.result(30)[0].item(), two.result(30)[0].item()] == [2, 4]
    with pytest.raises(ServingError) as caught:
        three.result(30)
    assert caught.value.code is CODE.UNAVAILABLE
    assert caught.value.message == (
        "The batch scheduling queue to which this task was submitted is full"
    )


def test_request_larger_than_a_batch(bench: Callable[..., Bench]) -> None:
    with pytest.raises(ServingError) as caught:
        bench(max_batch_size=2).ask(1, 2, 3).result(30)
    assert caught.value.message == "Task size 3 is larger than maximum input batch size 2"

    split = bench(max_batch_size=100, enable_large_batch_splitting=True, max_execution_batch_size=2)
    assert split.ask(1, 2, 3).result(30)[0].tolist() == [2, 4, 6]
    assert sorted(split.servable.sizes) == [1, 2]


def test_request_without_rows(bench: Callable[..., Bench]) -> None:
    assert bench().ask().result(30)[0].tolist() == []


def test_late_requests_are_not_run(bench: Callable[..., Bench]) -> None:
    b = bench()
    with pytest.raises(ServingError) as caught:
        b.run(np.array([1.0]), deadline=0.0)
    assert caught.value.code is CODE.RESOURCE_EXHAUSTED
    assert caught.value.message == "Run() timeout exceeded while waiting in batching queue"
    assert b.servable.sizes == []


def test_wrong_rank_is_not_batched(bench: Callable[..., Bench]) -> None:
    runner = bench().runner
    assert not runner.takes(["x:0"], [np.ones((2, 2))])
    assert runner.takes(["x:0"], [np.ones(2)])
    assert runner.takes(["x:0"], [np.array(1.0)])  # refused as the batching session words it
    assert runner.takes(["undeclared:0"], [np.ones((2, 2))])


def test_stopped_scheduler_refuses(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.scheduler.stop()
    with pytest.raises(ServingError, match="stopping"):
        b.run(np.array([1.0]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([np.array(1.0)], "Batching Run() input tensors must have at least one dimension"),
        (
            [np.ones(2), np.ones(3)],
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
    ],
)
def test_batch_size_errors(arrays: list[np.ndarray], message: str) -> None:
    with pytest.raises(ServingError) as caught:
        batch_tensors.batch_size(arrays)
    assert caught.value.message == message


def test_different_lengths() -> None:
    requests = [
        [np.array([[b"a", b"b"]], object)],
        [np.array([[b"c"]], object)],
        [np.empty((1, 0), object)],  # a title alone
    ]
    padded = BatchingOptions(pad_variable_length_inputs=True)
    (merged,) = batch_tensors.merge(["x:0"], requests, 3, padded)
    assert merged.tolist() == [[b"a", b"b"], [b"c", b""], [b"", b""]]
    with pytest.raises(ServingError) as caught:
        batch_tensors.merge(["x:0"], requests, 3, BatchingOptions())
    assert caught.value.code is CODE.FAILED_PRECONDITION
    assert "padding is turned off" in caught.value.message


def test_numbers_are_padded_with_their_first_value() -> None:
    options = BatchingOptions(pad_variable_length_inputs=True)
    requests = [[np.array([[7, 8]])], [np.array([[1, 2, 3]])]]
    (merged,) = batch_tensors.merge(["x:0"], requests, 2, options)
    assert merged.tolist() == [[7, 8, 7], [1, 2, 3]]
    with pytest.raises(ServingError, match="Got empty tensor in batch of non-empty tensors"):
        batch_tensors.merge(["x:0"], [[np.zeros((1, 0))], requests[0]], 2, options)


@given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_merge_and_split_are_inverse(sizes: list[int]) -> None:
    options = BatchingOptions(allowed_batch_sizes=(16, 1000))
    total = sum(sizes)
    rows = np.arange(total * 2).reshape(total, 2)
    requests = [[part] for part in np.split(rows, np.cumsum(sizes)[:-1])]
    (merged,) = batch_tensors.merge(["x:0"], requests, total, options)
    if total:
        assert len(merged) == options.padded_size(total)
    parts = batch_tensors.split([merged], sizes, len(merged))
    for (got,), (sent,) in zip(parts, requests, strict=True):
        np.testing.assert_array_equal(got, sent)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array(1.0), "Batched output tensor has 0 dimensions"),
        (np.ones(3), "Batched output tensor's 0th dimension does not equal the sum"),
    ],
)
def test_outputs_that_cannot_be_split(value: np.ndarray, message: str) -> None:
    with pytest.raises(ServingError, match=message) as caught:
        batch_tensors.split([value], [1, 1], 2)
    assert caught.value.code is CODE.FAILED_PRECONDITION


def test_parameters_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "batching.txt"
    path.write_text(
        "max_batch_size { value: 64 }\nbatch_timeout_micros { value: 0 }\n"
        'thread_pool_name { value: "batch" }\nallowed_batch_sizes: [8, 64]\n'
        "pad_variable_length_inputs: true\n"
    )
    assert read_batching_parameters(path) == BatchingOptions(
        max_batch_size=64,
        batch_timeout_micros=0,
        allowed_batch_sizes=(8, 64),
        pad_variable_length_inputs=True,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch { value: 1 }", "fields: max_batch_size, batch_timeout_micros"),
        ("max_batch_size { value: 0 }", "max_batch_size must be at least 1; was 0"),
        ("max_batch_size: 3", "not a BatchingParameters in text format"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros must not be negative"),
        ("allowed_batch_sizes: [8, 4]", "monotonically increasing"),
        ("allowed_batch_sizes: [8]", "must match max_batch_size"),
        (
            "enable_large_batch_splitting { value: true }\n"
            "max_execution_batch_size { value: 2000 }",
            "max_execution_batch_size must be between 1 and max_batch_size",
        ),
    ],
)
def test_parameters_file_errors(tmp_path: pathlib.Path, text: str, message: str) -> None:
    path = tmp_path / "batching.txt"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_batching_parameters(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_parameters_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.txt"):
        read_batching_parameters(tmp_path / "none.txt")


@settings(max_examples=5, deadline=None)
@given(st.data())
def test_answers_do_not_depend_on_the_batch(data: st.DataObject) -> None:
    """Merging, padding and splitting leave every row what it was alone."""
    options = BatchingOptions(pad_variable_length_inputs=True)
    rows = data.draw(st.lists(st.lists(st.binary(max_size=3), max_size=4), min_size=1, max_size=5))
    requests = []
    for row in rows:
        array = np.empty((1, len(row)), object)
        array[0] = row
        requests.append([array])
    (merged,) = batch_tensors.merge(["x:0"], requests, len(rows), options)
    width = max(len(row) for row in rows)
    assert merged.tolist() == [row + [b""] * (width - len(row)) for row in rows]


def test_server_batches(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    options = BatchingOptions(
        max_batch_size=8,
        batch_timeout_micros=1_000_000,
        num_batch_threads=1,
        pad_variable_length_inputs=True,
    )
    server = start(base, batching=options, monitoring_port=0)
    stubs = Stubs(server.target)
    playlists = [[uri(i) for i in range(length)] for length in range(8)]

    def ask(tracks: list[str]) -> bytes:
        response = stubs.prediction.Predict(predict_request("x", tracks), timeout=30)
        return response.outputs["track_uris"].string_val[0]

    with futures.ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(ask, playlists))
    # Seeds t(0) to t(n-1): t(n) is next to the last of them; without seeds t(0) is popular.
    assert firsts == [uri(length).encode() for length in range(8)]
    rows = server.metrics.registry.get_sample_value("segue_serving_batch_rows_sum")
    batches = server.metrics.registry.get_sample_value("segue_serving_batch_rows_count")
    assert rows == 8
    assert batches < 8

"""Runs Predict requests of an event loop elsewhere: in batches, or in a pool of threads."""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import Callable
from concurrent import futures
from typing import Final, TypeVar

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2

from serving.protocol import errors, tensors
from serving.server import predict
from serving.server.batching import BatchingRunner, BatchScheduler, Done
from serving.server.event_loop import Mailbox
from serving.server.versions import ModelTable, Servable, Version

_T = TypeVar("_T")

# Elements of a tensor beyond which reading or writing it takes milliseconds.
_LARGE: Final = 50_000


class HeldRequests:
    """Counts what is held of the requests that wait or run, and refuses more than its limits.

    It is used in the loop only, so that it needs no lock.

    Args:
        max_requests: most requests.
        max_elements: most elements of their inputs; 64 bytes of a request count as one.
    """

    def __init__(self, max_requests: int, max_elements: int) -> None:
        self._max_requests = max_requests
        self._max_elements = max_elements
        self._requests = 0
        self._elements = 0

    def add(self, elements: int) -> None:
        """Counts a request.

        Raises:
            ServingError: RESOURCE_EXHAUSTED, with this one the limits would be exceeded.
        """
        if self._requests >= self._max_requests:
            raise errors.ServingError(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many requests are being answered"
            )
        if self._elements + elements > self._max_elements:
            raise errors.ServingError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"This request holds {elements} elements and those being answered "
                f"{self._elements}; together at most {self._max_elements} (max_held_elements)",
            )
        self._requests += 1
        self._elements += elements

    def remove(self, elements: int) -> None:
        """Counts a request no longer."""
        self._requests -= 1
        self._elements -= elements


class PredictRunner:
    """Answers Predict requests; make it and use it in the loop.

    The loop checks inputs and writes answers, so that the threads do nothing but run models, and no
    thread waits for a batch.

    Args:
        table: the models.
        pool: runs what is not batched.
        scheduler: runs the rest in batches; None where nothing is batched.
        held: what is held at once.
        max_rows: most rows of a request.
        limits: how large its inputs may be.
    """

    def __init__(
        self,
        table: ModelTable,
        pool: futures.Executor,
        scheduler: BatchScheduler | None,
        *,
        held: HeldRequests,
        max_rows: int,
        limits: tensors.TensorLimits,
    ) -> None:
        self._table = table
        self._pool = pool
        self._scheduler = scheduler
        # An entry goes when the watcher drops its version.
        self._batching: weakref.WeakKeyDictionary[Version, BatchingRunner] = (
            weakref.WeakKeyDictionary()
        )
        self._held = held
        self._max_rows = max_rows
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._mailbox = Mailbox(self._loop)

    async def __call__(self, request: predict_pb2.PredictRequest, deadline: float | None) -> bytes:
        """Answers a request with a serialised `PredictResponse`.

        Args:
            request: the request.
            deadline: time (of `time.monotonic`) at which the caller has gone.

        Raises:
            ServingError: the model is missing, it cannot answer this request, or too many or too
                large requests are being answered.
        """
        sizes = [tensors.elements(tensor, self._limits) for tensor in request.inputs.values()]
        held = sum(sizes) + request.ByteSize() // tensors.STRING_BYTES
        version = self._table.acquire(request.model_spec)
        try:
            self._held.add(held)
        except errors.ServingError:
            self._table.release(version)
            raise
        release = functools.partial(self._release, version, held)
        servable = version.servable
        assert servable is not None
        answer: asyncio.Future[list[np.ndarray]] = self._loop.create_future()

        def done(outputs: list[np.ndarray], error: errors.ServingError | None) -> None:
            self._mailbox.post(functools.partial(self._settle, release, answer, outputs, error))

        try:
            prepare = functools.partial(
                predict.prepare, servable, request, max_rows=self._max_rows, limits=self._limits
            )
            # Slow work must not hold up the loop's other requests.
            large = any(size > _LARGE for size in sizes)
            step = await self._in_pool(prepare) if large else prepare()
            batching = self._batching_of(version, servable)
            if batching is not None and batching.takes(step.feeds, step.arrays):
                batching.start(step.feeds, step.fetches, step.arrays, deadline, done)
            else:
                self._pool.submit(_run, servable, step, deadline, done, answer.cancelled)
        except BaseException:
            release()
            raise
        # A caller that leaves ends the waiting only. The run goes on and then releases the version.
        outputs = await answer
        encode = functools.partial(predict.encode, servable, request, step, outputs)
        large = any(np.size(output) > _LARGE for output in outputs)
        return await self._in_pool(encode) if large else encode()

    async def _in_pool(self, call: Callable[[], _T]) -> _T:
        return await self._loop.run_in_executor(self._pool, call)

    def _release(self, version: Version, held: int) -> None:
        self._held.remove(held)
        self._table.release(version)

    def _batching_of(self, version: Version, servable: Servable) -> BatchingRunner | None:
        if self._scheduler is None:
            return None
        runner = self._batching.get(version)
        if runner is None:
            runner = self._batching[version] = BatchingRunner(servable, self._scheduler)
        return runner

    def _settle(
        self,
        release: Callable[[], None],
        answer: asyncio.Future[list[np.ndarray]],
        outputs: list[np.ndarray],
        error: errors.ServingError | None,
    ) -> None:
        release()
        if answer.done():  # cancelled by the caller
            return
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(outputs)


def _run(
    servable: Servable,
    step: predict.Step,
    deadline: float | None,
    done: Done,
    gone: Callable[[], bool],
) -> None:
    if gone():  # while it waited in the pool's queue
        done([], errors.ServingError(grpc.StatusCode.CANCELLED, "Cancelled"))
        return
    try:
        outputs = servable.run_session(step.feeds, step.fetches, step.arrays, deadline)
    except Exception as error:
        done([], errors.from_exception(error))
    else:
        done(outputs, None)

"""Runs Predict requests of an event loop elsewhere: in batches, or in a pool of threads."""

from __future__ import annotations

import asyncio
import functools
import math
import weakref
from collections.abc import Callable
from concurrent import futures
from typing import Final, TypeVar

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

from serving.protocol import errors
from serving.server import predict
from serving.server.batching import BatchingRunner, BatchScheduler, Done
from serving.server.event_loop import Mailbox
from serving.server.versions import ModelTable, Servable, Version

_T = TypeVar("_T")

# Elements of a tensor beyond which reading or writing it takes milliseconds.
_LARGE: Final = 50_000


class PredictRunner:
    """Answers Predict requests; make it and use it in the loop.

    The loop checks inputs and writes answers, so that the threads do nothing but run models, and no
    thread waits for a batch.

    Args:
        table: the models.
        pool: runs what is not batched.
        scheduler: runs the rest in batches; None where nothing is batched.
        max_rows: most rows of a request.
        max_requests: most requests that are held at once; more are refused.
    """

    def __init__(
        self,
        table: ModelTable,
        pool: futures.Executor,
        scheduler: BatchScheduler | None,
        max_rows: int,
        max_requests: int,
    ) -> None:
        self._table = table
        self._pool = pool
        self._scheduler = scheduler
        # An entry goes when the watcher drops its version.
        self._batching: weakref.WeakKeyDictionary[Version, BatchingRunner] = (
            weakref.WeakKeyDictionary()
        )
        self._max_rows = max_rows
        self._max_requests = max_requests
        self._held = 0  # changed in the loop only, so that it needs no lock
        self._loop = asyncio.get_running_loop()
        self._mailbox = Mailbox(self._loop)

    async def __call__(self, request: predict_pb2.PredictRequest, deadline: float | None) -> bytes:
        """Answers a request with a serialised `PredictResponse`.

        Args:
            request: the request.
            deadline: time (of `time.monotonic`) at which the caller has gone.

        Raises:
            ServingError: the model is missing, it cannot answer this request, or too many requests
                are being answered.
        """
        if self._held >= self._max_requests:
            raise errors.ServingError(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many requests are being answered"
            )
        version = self._table.acquire(request.model_spec)
        self._held += 1
        servable = version.servable
        assert servable is not None
        answer: asyncio.Future[list[np.ndarray]] = self._loop.create_future()

        def done(outputs: list[np.ndarray], error: errors.ServingError | None) -> None:
            self._mailbox.post(functools.partial(self._settle, version, answer, outputs, error))

        try:
            prepare = functools.partial(predict.prepare, servable, request, max_rows=self._max_rows)
            # Slow work must not hold up the loop's other requests.
            large = any(_elements(tensor) > _LARGE for tensor in request.inputs.values())
            step = await self._in_pool(prepare) if large else prepare()
            batching = self._batching_of(version, servable)
            if batching is not None and batching.takes(step.feeds, step.arrays):
                batching.start(step.feeds, step.fetches, step.arrays, deadline, done)
            else:
                self._pool.submit(_run, servable, step, deadline, done, answer.cancelled)
        except BaseException:
            self._release(version)
            raise
        # A caller that leaves ends the waiting only. The run goes on and then releases the version.
        outputs = await answer
        encode = functools.partial(predict.encode, servable, request, step, outputs)
        large = any(np.size(output) > _LARGE for output in outputs)
        return await self._in_pool(encode) if large else encode()

    async def _in_pool(self, call: Callable[[], _T]) -> _T:
        return await self._loop.run_in_executor(self._pool, call)

    def _release(self, version: Version) -> None:
        self._held -= 1
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
        version: Version,
        answer: asyncio.Future[list[np.ndarray]],
        outputs: list[np.ndarray],
        error: errors.ServingError | None,
    ) -> None:
        self._release(version)
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


def _elements(tensor: tensor_pb2.TensorProto) -> int:
    return math.prod(dim.size for dim in tensor.tensor_shape.dim)

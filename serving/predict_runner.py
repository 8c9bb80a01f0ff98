"""Runs Predict requests of an event loop elsewhere: in batches, or in a pool of threads."""

from __future__ import annotations

import asyncio
import functools
from concurrent import futures

import numpy as np
from tensorflow_serving.apis import predict_pb2

from serving import errors, predict
from serving.batching import Done
from serving.event_loop import Mailbox
from serving.model_table import ModelTable
from serving.servable import Servable
from serving.versions import Version


class PredictRunner:
    """Answers Predict requests; make it and use it in the loop.

    Inputs are checked and answers are written in the loop, so that what runs models does nothing
    else, and no thread waits for a batch.

    Args:
        table: the models.
        pool: runs what is not batched.
        max_rows: most rows of a request.
    """

    def __init__(self, table: ModelTable, pool: futures.Executor, max_rows: int) -> None:
        self._table = table
        self._pool = pool
        self._max_rows = max_rows
        self._loop = asyncio.get_running_loop()
        self._mailbox = Mailbox(self._loop)

    async def __call__(self, request: predict_pb2.PredictRequest, deadline: float | None) -> bytes:
        """Answers a request with a serialised `PredictResponse`.

        Args:
            request: the request.
            deadline: time (of `time.monotonic`) at which the caller has gone.

        Raises:
            ServingError: there is no such model, or it cannot answer this request.
        """
        version = self._table.acquire(request.model_spec)
        servable = version.servable
        assert servable is not None
        answer: asyncio.Future[list[np.ndarray]] = self._loop.create_future()

        def done(outputs: list[np.ndarray], error: errors.ServingError | None) -> None:
            self._mailbox.post(functools.partial(self._settle, version, answer, outputs, error))

        try:
            step = predict.prepare(servable, request, max_rows=self._max_rows)
            self._start(servable, step, deadline, done)
        except BaseException:
            self._table.release(version)
            raise
        # A caller that goes ends the waiting, not what runs, which lets go of the version.
        return predict.encode(servable, request, step, await answer)

    def _start(
        self, servable: Servable, step: predict.Step, deadline: float | None, done: Done
    ) -> None:
        batching = servable.batching
        if batching is not None and batching.takes(step.feeds, step.arrays):
            batching.start(step.feeds, step.fetches, step.arrays, deadline, done)
        else:
            self._pool.submit(_run, servable, step, deadline, done)

    def _settle(
        self,
        version: Version,
        answer: asyncio.Future[list[np.ndarray]],
        outputs: list[np.ndarray],
        error: errors.ServingError | None,
    ) -> None:
        self._table.release(version)
        if answer.done():  # cancelled: nobody waits
            return
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(outputs)


def _run(servable: Servable, step: predict.Step, deadline: float | None, done: Done) -> None:
    try:
        outputs = servable.run_session(step.feeds, step.fetches, step.arrays, deadline)
    except Exception as error:
        done([], errors.from_exception(error))
    else:
        done(outputs, None)

"""Requests run together: TF Serving's batching session with its shared scheduler.

Tasks of one queue (a version, the tensors fed and fetched) are put into batches as they come. A
batch thread takes a batch that is closed (the next task did not fit) or full, or the open one when
it has waited long enough. The rules follow batching_session.cc and shared_batch_scheduler.h; beyond
them, a batch has a bound for its elements, and a request that fails does not fail its neighbours.
"""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import grpc
import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2

from serving.protocol import errors
from serving.protocol.tensors import DEFAULT_LIMITS
from serving.server.batching import tensors as batch_tensors
from serving.server.batching.options import BatchingOptions

#: Called with the outputs of a request, or without any and with an error.
Done = Callable[[list[np.ndarray], errors.ServingError | None], None]


class _Answer:
    """Waits for the tasks that a request was cut into."""

    def __init__(self, done: Done) -> None:
        self.tasks: list[_Task] = []
        self._done = done
        self._left = 0
        self._lock = threading.Lock()

    def add(self, task: _Task) -> None:
        """Adds a task, before any of them is run."""
        self.tasks.append(task)
        self._left += 1

    def task_done(self) -> None:
        """Counts a task that has its outputs or its error; the last one sends the answer."""
        with self._lock:
            self._left -= 1
            if self._left:
                return
        error = next((task.error for task in self.tasks if task.error), None)
        outputs: list[np.ndarray] = []
        if error is None:
            try:
                outputs = self._joined()
            # Otherwise the batch thread ends, and no request is answered.
            except Exception as failure:
                error = errors.from_exception(failure)
        self._done(outputs, error)

    def _joined(self) -> list[np.ndarray]:
        if len(self.tasks) == 1:
            return self.tasks[0].outputs
        parts = zip(*(task.outputs for task in self.tasks), strict=True)
        return [np.concatenate(part) for part in parts]


class _Task:
    """The rows of one request, or a part of them, and where their answer goes."""

    def __init__(
        self,
        arrays: list[np.ndarray],
        extent: batch_tensors.Extent,
        enqueued: float,
        deadline: float | None,
        answer: _Answer,
    ) -> None:
        self.arrays = arrays
        self.extent = extent
        self.size = extent.rows
        self.enqueued = enqueued
        self.deadline = deadline
        self.answer = answer
        self.outputs: list[np.ndarray] = []
        self.error: errors.ServingError | None = None
        answer.add(self)


class _Batch:
    """Tasks to be run together."""

    def __init__(self, first: _Task) -> None:
        self.tasks = [first]
        self.extent = first.extent

    @property
    def size(self) -> int:
        return self.extent.rows

    def add(self, task: _Task) -> None:
        self.tasks.append(task)
        self.extent = self.extent.join(task.extent)


class _Queue:
    """Batches in the order in which they were opened; only the last one is open."""

    def __init__(self, run: Callable[[_Batch], None]) -> None:
        self.run = run
        self.batches: collections.deque[_Batch] = collections.deque()


class BatchScheduler:
    """The batch threads, shared by every queue so that versions do not compete for the processor.

    Args:
        options: sizes, times and the number of threads.
        on_batch: called with the rows of every batch, before it is run.
        max_elements: most elements of a batch's inputs, padded; see `tensors.TensorLimits`.
    """

    def __init__(
        self,
        options: BatchingOptions,
        on_batch: Callable[[int], None] = lambda size: None,
        max_elements: int = DEFAULT_LIMITS.max_elements,
    ) -> None:
        self.options = options
        self.max_elements = max_elements
        self._on_batch = on_batch
        self._waiting: collections.deque[_Queue] = collections.deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{number}", daemon=True)
            for number in range(options.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the batch threads after the batches that they are running."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def elements(self, extent: batch_tensors.Extent) -> int:
        """Elements of the inputs of a batch of that extent, with all its padding."""
        return extent.elements(self.options.padded_size(extent.rows))

    def _fits(self, extent: batch_tensors.Extent) -> bool:
        return (
            extent.rows <= self.options.execution_size
            and self.elements(extent) <= self.max_elements
        )

    def schedule(self, queue: _Queue, tasks: Sequence[_Task]) -> None:
        """Puts the tasks of a request into a queue, all or none.

        Raises:
            ServingError: UNAVAILABLE when the queue is full.
        """
        with self._changed:
            if self._stopping:
                raise errors.ServingError(grpc.StatusCode.UNAVAILABLE, "The server is stopping")
            extent = queue.batches[-1].extent if queue.batches else None
            opens = []
            for task in tasks:
                joined = extent.join(task.extent) if extent else None
                opens.append(joined is None or not self._fits(joined))
                extent = task.extent if opens[-1] else joined
            if len(queue.batches) + sum(opens) > self.options.max_enqueued_batches:
                raise errors.ServingError(
                    grpc.StatusCode.UNAVAILABLE,
                    "The batch scheduling queue to which this task was submitted is full",
                )
            if not queue.batches:
                self._waiting.append(queue)
            for task, is_first in zip(tasks, opens, strict=True):
                if is_first:
                    queue.batches.append(_Batch(task))
                else:
                    queue.batches[-1].add(task)
            self._changed.notify(len(tasks))

    def _work(self) -> None:
        while True:
            with self._changed:
                taken = self._take()
                while taken is None:
                    if self._stopping:
                        return
                    self._changed.wait(self._next_timeout())
                    taken = self._take()
            queue, batch = taken
            self._on_batch(batch.size)
            queue.run(batch)

    def _take(self) -> tuple[_Queue, _Batch] | None:
        """Takes a batch that is due, from the queue that has waited longest."""
        now = time.monotonic()
        for queue in self._waiting:
            if len(queue.batches) > 1 or self._is_due(queue.batches[0], now):
                batch = queue.batches.popleft()
                self._waiting.remove(queue)
                if queue.batches:
                    self._waiting.append(queue)
                return queue, batch
        return None

    def _is_due(self, batch: _Batch, now: float) -> bool:
        return (
            self._stopping
            or batch.size >= self.options.execution_size
            or now - batch.tasks[0].enqueued >= self.options.batch_timeout_seconds
        )

    def _next_timeout(self) -> float | None:
        """Seconds until the first open batch is due; None without one."""
        if not self._waiting:
            return None
        first = min(queue.batches[0].tasks[0].enqueued for queue in self._waiting)
        return max(0.0, first + self.options.batch_timeout_seconds - time.monotonic())


class Model(Protocol):
    """What is run in batches: a `versions.Servable`."""

    @property
    def signatures(self) -> Mapping[str, meta_graph_pb2.SignatureDef]:
        """SignatureDefs by name."""

    def run_session(
        self, feeds: Sequence[str], fetches: Sequence[str], arrays: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """Feeds arrays to the tensors named, and returns those fetched."""


class BatchingRunner:
    """Runs the requests of one model in batches.

    Args:
        model: what runs them.
        scheduler: the batch threads.
    """

    def __init__(self, model: Model, scheduler: BatchScheduler) -> None:
        self._model = model
        self._scheduler = scheduler
        self._queues: dict[tuple[tuple[str, ...], tuple[str, ...]], _Queue] = {}
        self._ranks = batch_tensors.declared_ranks(model.signatures.values())

    def takes(self, feeds: Sequence[str], arrays: Sequence[np.ndarray]) -> bool:
        """Whether arrays may share a batch with others.

        Arrays of a wrong rank would fail their neighbours. Run alone, they get the runtime's own
        error.
        """
        return all(
            feed not in self._ranks or array.ndim in (0, self._ranks[feed])
            for feed, array in zip(feeds, arrays, strict=True)
        )

    def start(
        self,
        feeds: Sequence[str],
        fetches: Sequence[str],
        arrays: Sequence[np.ndarray],
        deadline: float | None,
        done: Done,
    ) -> None:
        """Puts the arrays of a request into the queue, and returns at once.

        Args:
            feeds: names of the tensors to feed.
            fetches: names of the tensors to fetch.
            arrays: values of the tensors fed.
            deadline: time (of `time.monotonic`) at which the caller stops waiting.
            done: called in a batch thread when the request has been run, or has failed.

        Raises:
            ServingError: these arrays cannot be put into a batch, or the queue is full.
        """
        size = batch_tensors.batch_size(arrays)
        options = self._scheduler.options
        if size > options.max_batch_size and not options.enable_large_batch_splitting:
            raise errors.invalid_argument(
                f"Task size {size} is larger than maximum input batch size {options.max_batch_size}"
            )
        step = options.execution_size
        extent = batch_tensors.Extent.of(arrays, min(step, size))
        elements = self._scheduler.elements(extent)
        if elements > self._scheduler.max_elements:
            raise errors.invalid_argument(
                f"{extent.rows} rows of this request make a batch of {elements} elements; this "
                f"server runs at most {self._scheduler.max_elements} together (max_elements)"
            )
        now = time.monotonic()
        answer = _Answer(done)
        tasks = [
            _Task(
                [array[start : start + step] for array in arrays],
                extent._replace(rows=min(step, size - start)),
                now,
                deadline,
                answer,
            )
            for start in range(0, max(size, 1), step)
        ]
        self._scheduler.schedule(self._queue(tuple(feeds), tuple(fetches)), tasks)

    def _queue(self, feeds: tuple[str, ...], fetches: tuple[str, ...]) -> _Queue:
        queue = self._queues.get((feeds, fetches))
        if queue is None:
            queue = _Queue(lambda batch: self._run(feeds, fetches, batch.tasks))
            queue = self._queues.setdefault((feeds, fetches), queue)
        return queue

    def _run(
        self, feeds: tuple[str, ...], fetches: tuple[str, ...], tasks: Sequence[_Task]
    ) -> None:
        """Runs tasks together; where that fails, in halves, so that each gets its own answer."""
        error: errors.ServingError | None = None
        try:
            _refuse_if_late(tasks)
            merged = batch_tensors.merge(
                feeds,
                [task.arrays for task in tasks],
                sum(task.size for task in tasks),
                self._scheduler.options,
            )
            values = self._model.run_session(fetches=fetches, feeds=feeds, arrays=merged)
            outputs = batch_tensors.split(values, [task.size for task in tasks], len(merged[0]))
            for task, output in zip(tasks, outputs, strict=True):
                task.outputs = output
        except Exception as failure:
            if len(tasks) > 1:
                middle = len(tasks) // 2
                self._run(feeds, fetches, tasks[:middle])
                self._run(feeds, fetches, tasks[middle:])
                return
            error = errors.from_exception(failure)
        for task in tasks:
            task.error = error
            task.answer.task_done()


def _refuse_if_late(tasks: Sequence[_Task]) -> None:
    now = time.monotonic()
    if all(task.deadline is not None and task.deadline <= now for task in tasks):
        raise errors.ServingError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "Run() timeout exceeded while waiting in batching queue",
        )

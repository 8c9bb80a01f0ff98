"""A thread that runs one call after another for an event loop, which never waits for it long."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class OneThread:
    """Runs calls in one thread, so that what they use needs no lock.

    The thread ends with the process, also where a call hangs.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def call(
        self, seconds: float, function: Callable[..., _Result], *arguments: Any
    ) -> _Result:
        """Runs a function and waits for it.

        Args:
            seconds: to wait at most; a call that has not begun by then never does.
            function: what to run.
            *arguments: for it.

        Raises:
            TimeoutError: it took longer.
            Exception: whatever the function raises.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Result] = loop.create_future()
        self._calls.put((loop, future, function, arguments))
        try:
            return await asyncio.wait_for(future, seconds)
        except asyncio.TimeoutError:
            raise TimeoutError from None

    def end(self, function: Callable[[], None], seconds: float) -> None:
        """Runs a last function, and ends; waits no longer than that."""
        self._calls.put((None, None, function, ()))
        self._calls.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            loop, future, function, arguments = call
            if future is not None and future.done():  # nobody waits any more
                continue
            try:
                found, error = function(*arguments), None
            except Exception as raised:
                found, error = None, raised
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, found, error)


def _settle(future: asyncio.Future[Any], found: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(found)
    else:
        future.set_exception(error)

"""Runs an asyncio event loop in a thread, and takes calls from other threads."""

from __future__ import annotations

import asyncio
import collections
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class EventLoop:
    """Runs coroutines for threads that wait for them.

    Attributes:
        loop: the loop; it runs until `stop`.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_report)
        self._thread = threading.Thread(target=self._run, name="event-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Runs a coroutine to its end; the calling thread waits for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Starts a coroutine without waiting for it."""
        asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def stop(self) -> None:
        """Ends the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(_finish())
        self.loop.close()


async def _finish() -> None:
    """Starts the coroutines submitted last, then cancels every unfinished one."""
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class Mailbox:
    """Hands calls of other threads to a loop, many with one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: collections.deque[Callable[[], None]] = collections.deque()
        self._woken = False

    def post(self, call: Callable[[], None]) -> None:
        """Calls a function in the loop, soon; safe between threads."""
        self._calls.append(call)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False  # before the loop below: later calls wake the event loop again
        while self._calls:
            self._calls.popleft()()


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # Where another loop of this process uses gRPC too, each is woken for the other's events, and
    # finds nothing to read; gRPC leaves it at that.
    if not isinstance(context.get("exception"), BlockingIOError):
        loop.default_exception_handler(context)

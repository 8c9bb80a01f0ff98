"""What the online store knows of a listener, kept at hand for a moment."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Final

from gateway.breaker import Breaker
from gateway.configuration import Store
from gateway.one_thread import OneThread
from listening.recommending import Person, Tracks, online
from listening.store import FeatureStore, open_store

_log = logging.getLogger(__name__)
_EMBEDDED: Final = "embedded:"
_END_SECONDS: Final = 5.0


class StoreError(RuntimeError):
    """The store did not answer.

    Attributes:
        reason: one of `gateway.requests.REASONS`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Listeners:
    """Reads listeners from the store, in a thread of its own.

    Args:
        options: where the store is, and how long it is waited for.
        features: the directory of partitions.
        breaker: of the store.
        clock: seconds that never go back.
        opened: opens the store.
    """

    def __init__(
        self,
        options: Store,
        features: str,
        breaker: Breaker,
        clock: Callable[[], float] = time.monotonic,
        opened: Callable[[str, str], FeatureStore] = open_store,
    ) -> None:
        self._options, self._features = options, features
        self._breaker, self._clock, self._open = breaker, clock, opened
        self._thread = OneThread("store")
        self._store: FeatureStore | None = None
        # In the order of their reading, so that the first one is the oldest.
        self._kept: collections.OrderedDict[str, tuple[float, Tracks, Person]] = (
            collections.OrderedDict()
        )

    async def of(self, listener: str, tracks: Tracks, seconds: float) -> Person:
        """A listener as the store knows them; nobody changes what is given.

        Args:
            listener: the pseudonym.
            tracks: of the table.
            seconds: to wait at most.

        Raises:
            StoreError: the store did not answer.
        """
        kept = self._kept.get(listener)
        if kept is not None and kept[0] > self._clock() and kept[1] is tracks:
            return kept[2]
        if (began := self._breaker.began()) is None:
            raise StoreError("left_alone")
        wait = min(seconds, self._options.deadline_ms / 1000)
        try:
            found = await self._thread.call(wait, self._read, listener, tracks)
        except TimeoutError:
            self._breaker.failed(began)
            raise StoreError("deadline") from None
        except Exception as error:
            # What an error says may name the listener: its kind is enough.
            _log.warning("the store failed: %s", type(error).__name__)
            self._breaker.failed(began)
            raise StoreError("unavailable") from None
        self._breaker.succeeded()
        self._keep(listener, tracks, found)
        return found

    def close(self) -> None:
        """Gives the store back."""
        self._thread.end(self._let_go, _END_SECONDS)

    def _keep(self, listener: str, tracks: Tracks, found: Person) -> None:
        if not self._options.cache_seconds:
            return
        self._kept[listener] = self._clock() + self._options.cache_seconds, tracks, found
        self._kept.move_to_end(listener)
        while len(self._kept) > self._options.cache_listeners:
            self._kept.popitem(last=False)

    def _read(self, listener: str, tracks: Tracks) -> Person:
        """In the thread."""
        try:
            if self._store is None:
                there(self._options.uri)
                self._store = self._open(self._options.uri, self._features)
            store = self._store
            rows = {view: store.row(view, listener) for view in online.VIEWS_READ}
        except Exception:
            self._let_go()  # the next one opens it anew
            raise
        return online.person(listener, rows, tracks)

    def _let_go(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with contextlib.suppress(Exception):
                store.close()


def there(uri: str) -> None:
    """Checks that an embedded store is there: opening it would make an empty one.

    Raises:
        FileNotFoundError: it is not.
    """
    root = os.path.expanduser(uri.removeprefix(_EMBEDDED).partition("?")[0])
    if uri.startswith(_EMBEDDED) and not os.path.isdir(root):
        raise FileNotFoundError(2, "there is no store; segue features materialise makes it", root)

"""Exposures: what was shown, as events; every answer's is logged, or counted as unlogged."""

from __future__ import annotations

import collections
import dataclasses
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

import orjson

from schema.events import SCHEMA_VERSION, Impression
from schema.track_uris import is_track_uri

_log = logging.getLogger(__name__)
_BATCH: Final = 500  # answers that are written together
_POLL_SECONDS: Final = 0.1
LOGGED: Final = "logged"
#: Why an answer's exposure may be in no log.
UNLOGGED: Final = {
    "empty": "there was no track in it",
    "full": "too many answers were waiting",
    "invalid": "it makes no event of the contract",
    "failed": "it could not be written, or no broker took it in time",
    "closing": "the gateway ended before it was written",
}


@dataclasses.dataclass(frozen=True)
class Exposure:
    """What an answer showed.

    Attributes:
        request_id: of the answer.
        listener_id: the pseudonym.
        session_id: the visit; the request's own id where none was told.
        event_time: in microseconds since 1970.
        surface: where it was shown.
        model_version: that made the list.
        candidate_set: what it was drawn from.
        experiment: None outside of experiments.
        arm: of the experiment.
        track_uris: by slot.
        propensities: by slot.
    """

    request_id: str
    listener_id: str
    session_id: str
    event_time: int
    surface: str
    model_version: str
    candidate_set: str
    experiment: str | None
    arm: str | None
    track_uris: Sequence[str]
    propensities: Sequence[float]

    def events(self) -> Iterator[bytes]:
        """A line of JSON a slot, as `schema.events` has impressions.

        Raises:
            ValueError: it makes none.
        """
        common = {
            "schema_version": SCHEMA_VERSION,
            "event_time": self.event_time,
            "listener_id": self.listener_id,
            "session_id": self.session_id,
            "request_id": self.request_id,
            "surface": self.surface,
            "model_version": self.model_version,
            "candidate_set": self.candidate_set,
            "experiment": self.experiment,
            "arm": self.arm,
        }
        template: dict[str, Any] = {}
        for position, (uri, propensity) in enumerate(
            zip(self.track_uris, self.propensities, strict=True)
        ):
            slot = {
                "idempotency_key": f"{self.request_id}:{position}",
                "track_uri": uri,
                "position": position,
                "propensity": propensity,
            }
            if not template:  # what all slots share is looked at once
                template = Impression.model_validate({**common, **slot}).model_dump(
                    exclude_none=True
                )
            elif not is_track_uri(uri) or not 0 < propensity <= 1:
                raise ValueError("a slot is none of the contract")
            yield orjson.dumps({**template, **slot})


class Sink(Protocol):
    """Where events go; one thread uses it. Every adapter passes `tests/gateway/test_sinks.py`."""

    def send(self, key: bytes, lines: Sequence[bytes], done: Callable[[bool], None]) -> None:
        """Takes the events of one answer.

        Args:
            key: of the listener, whose events stay in order.
            lines: the events.
            done: is told once, then or later, whether all of them are safe.
        """

    def work(self) -> None:
        """Goes on with what was taken: called again and again."""

    def close(self, seconds: float) -> None:
        """Finishes what was taken, or gives it up after so many seconds; `done` is told of all."""


class Exposures:
    """Takes the exposure of each answer at once, and has a thread write them.

    Args:
        sink: where they go.
        waiting: how many may wait.
    """

    def __init__(self, sink: Sink, waiting: int) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._counts: collections.Counter[str] = collections.Counter()
        self._queue: queue.Queue[Exposure] = queue.Queue(waiting)
        self._ended = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="exposures", daemon=True)
        self._thread.start()

    def log(self, exposure: Exposure) -> None:
        """Takes an exposure; neither waits nor fails."""
        if not exposure.track_uris:
            self._count("empty")
        elif self._closed:
            self._count("closing")
        else:
            try:
                self._queue.put_nowait(exposure)
            except queue.Full:
                self._count("full")

    def counts(self) -> dict[str, int]:
        """Answers whose exposure is logged, and those whose is not, by reason."""
        with self._lock:
            return dict(self._counts)

    @property
    def waiting(self) -> int:
        """Answers that wait to be written."""
        return self._queue.qsize()

    def close(self, seconds: float) -> None:
        """Writes what waits, for so many seconds; what is left counts as unlogged."""
        self._closed = True
        deadline = time.monotonic() + seconds
        while not self._queue.empty() and time.monotonic() < deadline:
            time.sleep(0.01)
        self._ended.set()
        self._thread.join(max(deadline - time.monotonic(), 0.1) + seconds)
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
            self._count("closing")

    def _work(self) -> None:
        while not self._ended.is_set():
            self._batch()
        try:
            self._sink.close(_POLL_SECONDS * 50)
        except Exception as error:
            _log.warning("the log of exposures could not be closed: %s", type(error).__name__)

    def _batch(self) -> None:
        for exposure in self._taken():
            self._send(exposure)
        try:
            self._sink.work()
        except Exception as error:
            _log.warning("exposures could not be written: %s", type(error).__name__)

    def _taken(self) -> Iterator[Exposure]:
        """Waits for an answer, then takes those that are there too."""
        try:
            yield self._queue.get(timeout=_POLL_SECONDS)
            for _ in range(_BATCH - 1):
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def _send(self, exposure: Exposure) -> None:
        try:
            lines = list(exposure.events())
        except (ValueError, TypeError):
            self._count("invalid")
            return
        try:
            self._sink.send(exposure.listener_id.encode(), lines, self._done)
        except Exception as error:
            _log.warning("an exposure was not taken: %s", type(error).__name__)
            self._count("failed")

    def _done(self, safe: bool) -> None:
        self._count(LOGGED if safe else "failed")

    def _count(self, outcome: str) -> None:
        with self._lock:
            self._counts[outcome] += 1

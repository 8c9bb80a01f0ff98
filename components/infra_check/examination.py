"""Asks a served model and notes what is wrong with its answers."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from components.infra_check import answers, declared, histories, queries
from components.infra_check.answers import Answer
from components.infra_check.model_server import (
    ModelServerProcess,
    RefusedError,
    ServerGoneError,
)
from components.infra_check.options import InfraCheckOptions
from components.infra_check.queries import Query
from components.infra_check.results import Latency, Report
from schema import requests
from schema.model_card import ModelCard
from schema.signatures import (
    ARTIST_NAME,
    MAX_RECOMMENDATIONS,
    PLAYLISTS,
    SERVING_DEFAULT,
    SERVING_EXAMPLES,
    TRACK_NAME,
)

_PAIRS: Final = 10  # queries that are asked in two ways
_BATCH: Final = 8
_ROUNDS: Final = 3  # the best of so many rounds counts: a busy machine must not fail a model


def examine(
    model_dir: str, recorded: Sequence[Query], options: InfraCheckOptions, seed: int
) -> Report:
    """Serves a model and asks it recorded, random and odd queries.

    Args:
        model_dir: a SavedModel.
        recorded: queries as users ask them.
        options: how.
        seed: of the random queries.

    Returns:
        What was checked. A model that cannot be served fails a check and raises nothing.
    """
    report = Report(max_latency_ms=options.max_latency_ms)
    size = _catalogue_size(model_dir, report)
    if size is None:
        return report
    started = time.monotonic()
    server = ModelServerProcess(model_dir, options.timeout_seconds)
    examination = Examination(server, size, report)
    try:
        with server:
            report.note("loads", None)
            report.load_seconds = round(time.monotonic() - started, 3)
            if examination.check_signatures():
                examination.ask_everything(recorded, options, seed)
    except ServerGoneError as error:
        loaded = report.load_seconds is not None
        report.note(
            "answers" if loaded else "loads", str(error), examination.asking if loaded else ""
        )
        report.log = server.log
    return report


def _catalogue_size(model_dir: str, report: Report) -> int | None:
    try:
        size = ModelCard.read(model_dir).catalogue_size
    except (ValueError, KeyError, TypeError, tf.errors.OpError) as error:
        report.note("card", f"it cannot be read: {type(error).__name__}: {error}")
        return None
    if not isinstance(size, int) or size < 1:
        report.note("card", f"its catalogue_size is {size!r}, not a positive number")
        return None
    report.note("card", None)
    return size


class Server(Protocol):
    """Answers requests; see `model_server.ModelServerProcess`."""

    def signatures(self) -> Mapping[str, Any]:
        """SignatureDefs by name."""

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Answers a request."""


class Examination:
    """One pass over all checks.

    Args:
        server: answers the requests.
        catalogue_size: N, how many tracks the model knows.
        report: where to note what is found.

    Attributes:
        asking: label of the query that is being asked.
    """

    def __init__(self, server: Server, catalogue_size: int, report: Report) -> None:
        self.asking = "the list of signatures"
        self._server = server
        self._report = report
        self._catalogue_size = catalogue_size
        self._row = min(MAX_RECOMMENDATIONS, catalogue_size)
        self._milliseconds: list[float] = []
        self._has_listeners = False

    def check_signatures(self) -> bool:
        """Checks that requests can be made at all; returns whether they can."""
        try:
            found = self._server.signatures()
        except RefusedError as error:
            self._report.note("signatures", str(error), self.asking)
            return False
        for subject, problem in declared.signature_problems(found):
            self._report.note("signatures", problem, subject)
        self._has_listeners = declared.has_listeners(found)
        return bool(self._report.checks["signatures"].passed)

    def ask_everything(
        self, recorded: Sequence[Query], options: InfraCheckOptions, seed: int
    ) -> None:
        """Asks all queries; stops when the server is gone.

        Raises:
            ServerGoneError: it is.
        """
        known = self._ask_without_signal()
        special = queries.odd(known)
        tracks = {uri for query in recorded for uri in query.track_uris} | set(known)
        drawn = queries.draw(
            options.requests,
            sorted(tracks),
            [query.name for query in recorded],
            random.Random(seed),
        )
        self._report.queries = {
            "recorded": len(recorded),
            "random": len(drawn),
            "special": len(special) + 2,
        }
        for query in special:
            self._ask([query])
        self._milliseconds.clear()  # so far the server was warming up
        ordinary = [*recorded, *drawn]
        alone = [answer for query in ordinary for answer in self._ask([query])]
        self._time_again(ordinary, options.max_latency_ms)
        self._ask_with_junk(alone)
        self._ask_in_batches(alone)
        if self._has_listeners:
            for check, subject, problem in histories.compare(alone[:_PAIRS], self._ask):
                self._report.note(check, problem, subject)
        for start in range(0, min(len(ordinary), 2 * _BATCH), _BATCH):
            self._ask(ordinary[start : start + _BATCH], SERVING_EXAMPLES)

    def _ask_without_signal(self) -> list[bytes]:
        """Asks for popular tracks, and for names; returns tracks of the catalogue."""
        empty, unknown = self._ask([queries.empty()]), self._ask([queries.unknown_only()])
        known = empty[0].tracks if empty else []
        counts = self._ask_names([*known, *queries.UNKNOWN, *queries.MALFORMED], len(known))
        if empty and unknown:
            problem = answers.difference(empty[0], unknown[0])
            self._report.note("popular", problem, "without tracks or with unknown ones, one")
        if counts is not None:
            rising = np.flatnonzero(np.diff(counts[: len(known)]) > 0)
            self._report.note(
                "popular",
                f"the track at place {rising[0] + 2} is in more playlists than the one before it"
                if len(rising)
                else None,
                "an empty playlist:",
            )
        return known or list(queries.UNKNOWN)

    def _ask_names(self, uris: list[bytes], num_known: int) -> np.ndarray | None:
        """Checks names; returns in how many playlists each track is, where the model says it."""
        self.asking = "the names of tracks"
        outputs = self._predict(requests.names_request(uris))
        if outputs is None:
            return None
        for key in (TRACK_NAME, ARTIST_NAME):
            values = tf.make_ndarray(outputs[key]) if key in outputs else np.empty(0, object)
            if values.shape != (len(uris),):
                problem: str | None = f"has shape {list(values.shape)}, not {[len(uris)]}"
            else:
                named = [value for value in values[num_known:].tolist() if value]
                problem = f"names an unknown track {named[0]!r}" if named else None
            self._report.note("names", problem, f"{key}:")
        counts = tf.make_ndarray(outputs[PLAYLISTS]) if PLAYLISTS in outputs else None
        return counts if counts is not None and counts.shape == (len(uris),) else None

    def _ask_with_junk(self, alone: Sequence[Answer]) -> None:
        for answer in alone[:_PAIRS]:
            for mixed in self._ask([queries.with_junk(answer.query)]):
                problem = answers.difference(answer, mixed)
                self._report.note("ignored", problem, mixed.query.label)

    def _ask_in_batches(self, alone: Sequence[Answer]) -> None:
        for start in range(0, min(len(alone), 2 * _BATCH), _BATCH):
            part = alone[start : start + _BATCH]
            together = self._ask([answer.query for answer in part])
            for one, other in zip(part, together, strict=False):
                problem = answers.difference(one, other)
                self._report.note("batch", problem, one.query.label)

    def _ask(self, asked: list[Query], signature: str = SERVING_DEFAULT) -> list[Answer]:
        """Asks queries in one request, checks the answers and returns those that it could read."""
        self.asking = ", ".join(query.label for query in asked[:2]) + ", ..." * (len(asked) > 2)
        outputs = self._predict(queries.request(asked, signature))
        if outputs is None:
            return []
        try:
            found = answers.read(outputs, asked, self._row)
        except answers.MisshapenAnswerError as error:
            self._report.note("shape", str(error), f"{self.asking} ({signature}):")
            return []
        self._report.note("shape", None)
        for answer in found:
            for check, problem in answers.violations(answer, self._catalogue_size):
                self._report.note(check, problem, answer.query.label)
        return found

    def _predict(self, request: predict_pb2.PredictRequest) -> Any:
        started = time.perf_counter()
        try:
            response = self._server.predict(request)
        except RefusedError as error:
            self._report.note("answers", str(error), self.asking)
            return None
        self._milliseconds.append(1000 * (time.perf_counter() - started))
        self._report.note("answers", None)
        return response.outputs

    def _time_again(self, ordinary: Sequence[Query], budget: float | None) -> None:
        """Keeps the best of up to three rounds; the first was timed while it was checked."""
        report = self._report
        while self._milliseconds:
            found = Latency.of(self._milliseconds)
            report.rounds += 1
            if report.latency is None or found.p99 < report.latency.p99:
                report.latency = found
            if budget is None or report.latency.p99 <= budget or report.rounds == _ROUNDS:
                break
            self._milliseconds.clear()
            for query in ordinary:
                self.asking = query.label
                self._predict(queries.request([query], SERVING_DEFAULT))
        if report.latency and budget is not None:
            p99 = report.latency.p99
            report.note(
                "latency",
                f"they take up to {p99:.3g} ms, where {budget:g} ms are allowed"
                if p99 > budget
                else None,
            )

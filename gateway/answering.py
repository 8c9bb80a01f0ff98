"""The way of a request: listener, model, policies, exposure; and whatever answers instead."""

from __future__ import annotations

import dataclasses
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from gateway.asking import ModelError, Models, Ranked
from gateway.assignment import Assignment
from gateway.clock import EventClock
from gateway.configuration import GatewayConfig, Model
from gateway.day import Day
from gateway.exposures import Exposure, Exposures
from gateway.knowing import Knowledge
from gateway.listeners import Listeners, StoreError
from gateway.metrics import Metrics
from gateway.one_thread import OneThread
from gateway.randomising import drawn
from gateway.requests import Answer, BadRequestError, Request, Slot
from gateway.way import Made, Way, candidate_set
from listening.recommending import ModelAnswer, Person, left_out, online, plays
from serving.protocol import Listener

_log = logging.getLogger(__name__)
_NOTHING: Final = np.empty(0, np.int64)
#: Tracks that a model is told to leave out, at most: requests are bounded.
_LEFT_OUT: Final = 5_000
#: What is kept of the time for a request, for the lists that were made before.
_KEPT_SECONDS: Final = 0.05


class Gateway:
    """Answers requests; of one event loop.

    Args:
        config: how.
        day: what answers are made of.
        listeners: reads them.
        models: answers for them.
        pinned: the version that an alias names; other models as they are. None for an alias that
            names nothing.
        assignment: which arm a listener is in.
        exposures: takes what was shown.
        metrics: counts.
        clock: of events.
        chance: where draws come from.
    """

    def __init__(
        self,
        *,
        config: GatewayConfig,
        day: Day,
        listeners: Listeners,
        models: Models,
        pinned: Callable[[Model], Model | None],
        assignment: Assignment,
        exposures: Exposures,
        metrics: Metrics,
        clock: EventClock,
        chance: np.random.Generator,
    ) -> None:
        self.config, self.day = config, day
        self.knowledge = Knowledge(models)
        self._listeners, self._models, self._pinned = listeners, models, pinned
        self._assignment, self._exposures, self._metrics = assignment, exposures, metrics
        self._clock, self._chance = clock, chance
        self._published = OneThread("published lists")

    async def answer(self, request: Request) -> Answer:
        """Answers a request, whatever else fails.

        Args:
            request: who asks, and for which surface.

        Raises:
            BadRequestError: there is no such surface, or it wants too much.
        """
        self._check(request)
        began = time.monotonic()
        way = Way(request, self.day, began + self.config.limits.answer_ms / 1000)
        try:
            made = await self._made(way)
        except Exception as error:
            _log.error("a request failed: %s", _where(error))
            way.fell("model", "failed")
            made = await self._instead(way)
        answer = Answer(
            request_id=uuid.uuid4().hex,
            surface=request.surface,
            segment=way.segment or self.config.segment_of_strangers,
            experiment=way.assigned.experiment if way.assigned else None,
            arm=way.assigned.arm if way.assigned else None,
            served_by=made.served_by,
            model_version=made.model_version,
            candidate_set=made.candidate_set,
            fallbacks=way.fallbacks,
            tracks=made.slots,
        )
        self._exposures.log(self._exposure(request, answer))
        self._metrics.answered(answer, time.monotonic() - began)
        return answer

    def _check(self, request: Request) -> None:
        limits, surfaces = self.config.limits, self.day.surfaces
        if request.surface not in surfaces:
            raise BadRequestError(f"surface: there is none of this name; {', '.join(surfaces)} are")
        if request.n is not None and request.n > limits.tracks:
            raise BadRequestError(f"n: {limits.tracks} are the most")
        if len(request.recent_tracks) > limits.recent:
            raise BadRequestError(f"recent_tracks: {limits.recent} are the most")

    async def _made(self, way: Way) -> Made:
        await self._meet(way)
        listener, surface = way.request.listener_id, way.request.surface
        way.segment = way.person.segment or self.config.segment_of_strangers
        way.assigned = self._assignment.of(listener, surface, way.segment)
        for place, model in enumerate(self._choices(way)):
            if way.is_stranger:
                way.fell(str(model), "nothing_known")
                break
            if (made := await self._by_model(way, model, first=place == 0)) is not None:
                return made
        return await self._instead(way)

    async def _meet(self, way: Way) -> None:
        """Has the store say who asks."""
        request, tracks = way.request, way.day.lists.tracks
        try:
            found = await self._listeners.of(request.listener_id, tracks, way.left())
        except StoreError as error:
            way.fell("store", error.reason)
            found = Person(request.listener_id)
            way.is_stranger = not request.recent_tracks
        recent = list(dict.fromkeys(request.recent_tracks))
        now = self._clock.now() // 1_000_000
        way.person = dataclasses.replace(
            online.just_played(found, recent, now, tracks),
            explicit=request.explicit,
            market=request.market,
        )

    def _choices(self, way: Way) -> Iterator[Model]:
        """Models in the order in which they are asked, each once."""
        own = self.config.model_of(way.segment or "")
        first = way.assigned.model if way.assigned and way.assigned.model else own
        label = self.config.fallback_label
        others = (Model(model=first.model, label=label), own) if label else (own,)
        yield from dict.fromkeys((first, *others))

    async def _by_model(self, way: Way, model: Model, *, first: bool) -> Made | None:
        if (pinned := self._pinned(model)) is None:
            way.fell(str(model), "version_gone")
            return None
        seconds = min(self.config.server.deadline_ms / 1000, way.left())
        if seconds <= 0:
            way.fell(str(model), "deadline")
            return None
        began = time.monotonic()
        try:
            ranked = await self._models.ask(pinned, self._told(way, pinned), seconds)
        except ModelError as error:
            way.fell(str(model), error.reason)
            return None
        finally:
            self._metrics.model_took(time.monotonic() - began)
        slots, candidates = self._slots(way, ranked)
        if not slots:
            way.fell(str(model), "nothing_left")
            return None
        version = f"{ranked.model}/{ranked.version}"
        return Made("model" if first else "other_version", version, slots, candidates)

    def _told(self, way: Way, model: Model) -> Listener:
        """What a model is told of the listener."""
        person, policy = way.person, way.policy
        known = self.knowledge.last(model.model, way.day.lists.tracks)
        out = left_out(person, known, heard=policy.heard == "leave_out")[-_LEFT_OUT:]
        uris, times = plays(person)
        features = () if person.features is None else tuple(person.features.tolist())
        excluded = way.day.lists.tracks.texts(out.tolist())
        return Listener(tuple(uris), tuple(times), features, tuple(excluded))

    def _slots(self, way: Way, ranked: Ranked) -> tuple[list[Slot], str]:
        """What the policy makes of a model's answer."""
        lists = way.day.lists
        places = lists.tracks.places(ranked.uris)
        known, vectors = self.knowledge.of(ranked, lists.tracks)
        answer = ModelAnswer(places[places >= 0], known, vectors)
        filled = lists.filled(way.policy, way.person, answer)
        candidates = candidate_set(way.request.surface, lists.tracks.texts(filled.places))
        options, count = self.config.randomise, way.count(len(filled.places))
        if options.applies_to(way.request.surface):
            scores = dict(zip(places.tolist(), ranked.scores, strict=True))
            order, propensities = drawn(options, filled, scores, count, self._chance)
        else:
            order, propensities = list(range(count)), [1.0] * count
        return way.slots(filled, order, propensities), candidates

    async def _instead(self, way: Way) -> Made:
        """What was made before: the day's published list, or what is popular."""
        try:
            if (made := await self._from_published(way)) is not None:
                return made
        except Exception as error:
            _log.error("published lists failed: %s", _where(error))
            way.fell("published", "failed")
        return self._from_popular(way)

    async def _from_published(self, way: Way) -> Made | None:
        if (day := way.day.published) is None:
            return None
        seconds = max(way.left(), 0) + _KEPT_SECONDS
        try:
            rows = await self._published.call(seconds, day.of, way.request.listener_id)
        except TimeoutError:
            way.fell("published", "deadline")
            return None
        row = next((row for row in rows if row["surface"] == way.request.surface), None)
        slots = way.of_row(row) if row is not None else []
        if row is None or not slots:
            way.fell("published", "nothing_left")
            return None
        candidates = candidate_set(way.request.surface, row["track_uris"])
        return Made("published", row["model_version"], slots, candidates)

    def _from_popular(self, way: Way) -> Made:
        answer = ModelAnswer(_NOTHING, np.ones(len(way.day.lists.tracks), bool))
        policy = way.day.popular[way.request.surface]
        filled = way.day.lists.filled(policy, way.person, answer)
        if not filled.places:
            # Rather what was heard before than nothing.
            policy = policy.model_copy(update={"heard": "keep"})
            filled = way.day.lists.filled(policy, way.person, answer)
        count = way.count(len(filled.places))
        slots = way.slots(filled, list(range(count)), [1.0] * count)
        candidates = candidate_set(way.request.surface, [slot.track_uri for slot in slots])
        return Made("popular", "popular", slots, candidates)

    def _exposure(self, request: Request, answer: Answer) -> Exposure:
        return Exposure(
            request_id=answer.request_id,
            listener_id=request.listener_id,
            session_id=request.session_id or answer.request_id,
            event_time=self._clock.now(),
            surface=answer.surface,
            model_version=answer.model_version,
            candidate_set=answer.candidate_set,
            experiment=answer.experiment,
            arm=answer.arm,
            track_uris=[slot.track_uri for slot in answer.tracks],
            propensities=[slot.propensity for slot in answer.tracks],
        )


def _where(error: Exception) -> str:
    """What went wrong and where, without what it says: that may name a listener."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    return f"{type(error).__name__}{at}"

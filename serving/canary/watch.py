"""Watches a canary beside the stable version, and acts on what it sees."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence

import grpc

from serving.canary import decision
from serving.canary.asking import Asker, MovedError, pair
from serving.canary.decision import Check, Decision, Pair
from serving.canary.options import CanaryOptions
from serving.protocol import ConfigError, Playlist, ServingError
from serving.release import CANARY, STABLE, Release, ReleaseChangedError, ReleaseManager

#: Least time between two looks at the canary's state, while its requests fail.
_LOOK_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Seen:
    """What was seen of a canary, and what became of it.

    Attributes:
        decision: what it came to.
        reasons: why, in words.
        stable: the stable version that it was compared with.
        canary: the canary.
        requests: to each of them, without the warm-up.
        checks: the thresholds; none where nothing was asked.
        faults: how often each kind of error came from the canary.
        overlap: mean share of tracks that both versions' answers have; None where there is none.
        acted: whether it was promoted or rolled back, and not only said.
    """

    decision: Decision
    reasons: tuple[str, ...]
    stable: int
    canary: int
    requests: int = 0
    checks: tuple[Check, ...] = ()
    faults: Mapping[str, int] = dataclasses.field(default_factory=dict)
    overlap: float | None = None
    acted: bool = False


class Watch:
    """A watch of a canary.

    Args:
        manager: releases, and knows what is released.
        ask: opens an asker of the version behind a label, to be closed.
        options: how long, and the thresholds.
        act: whether to promote or to roll back; otherwise it is only said.
        clock: seconds.
    """

    def __init__(
        self,
        manager: ReleaseManager,
        ask: Callable[[str, int], Asker],
        options: CanaryOptions,
        *,
        act: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manager = manager
        self._ask = ask
        self._options = options
        self._act = act
        self._clock = clock

    def run(
        self,
        playlists: Callable[[Asker], Sequence[Playlist]],
        version: int | None = None,
        *,
        run: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> Seen:
        """Makes a version the canary where it is none yet, watches it, and acts.

        A release that was cut short is settled first. So the same call again goes on after a
        process that was killed: with a version that is the canary it watches anew, with one that
        is stable it has nothing left to do.

        Args:
            playlists: what to ask about; gets an asker of the stable version.
            version: the version; the canary there is, unless given.
            run: the run that it came from.
            metrics: its metrics.

        Raises:
            ServingError: the server does not answer.
            ConfigError: nothing is stable yet, there is no canary, or the version is missing.
        """
        release = self._manager.settled()
        if version is not None and version == release.stable:
            return Seen("promoted", (f"version {version} is stable already",), version, version)
        if version is not None and version != release.canary:
            if not self._act:
                raise ConfigError(
                    f"version {version} is not the canary, and would have to be made it: "
                    f"segue release promote {version} --canary"
                )
            try:
                release = self._manager.canary(version, run=run, metrics=metrics)
            except ServingError as error:
                if error.code is grpc.StatusCode.UNAVAILABLE:
                    raise
                # The manager has taken the release back.
                reasons = (error.message,)
                return Seen("rolled_back", reasons, release.stable, version, acted=True)
        if release.canary is None:
            raise ConfigError("there is no canary to watch: name a version")
        return self._conclude(self._look(release, release.canary, playlists), release)

    def _look(
        self, release: Release, canary: int, playlists: Callable[[Asker], Sequence[Playlist]]
    ) -> Seen:
        with (
            contextlib.closing(self._ask(STABLE, release.stable)) as stable,
            contextlib.closing(self._ask(CANARY, canary)) as other,
        ):
            pairs: list[Pair] = []
            try:
                gone = self._compare(stable, other, playlists(stable), pairs)
            except MovedError as error:
                return self._seen("undecided", (str(error),), release.stable, canary, pairs)
        if gone:
            return self._seen("rolled_back", (gone,), release.stable, canary, pairs)
        checks = decision.judge(pairs, self._options)
        decided = decision.decide(checks)
        wanted = {"promoted": "kept", "rolled_back": "broken", "undecided": "open"}[decided]
        reasons = tuple(check.text for check in checks if check.outcome == wanted)
        return self._seen(decided, reasons, release.stable, canary, pairs, checks=checks)

    def _compare(
        self, stable: Asker, canary: Asker, playlists: Sequence[Playlist], pairs: list[Pair]
    ) -> str:
        """Fills in pairs until they are enough, or shows a threshold to be broken.

        Returns:
            Why the canary is not served any more, "" where it is.
        """
        options = self._options
        looks = set(decision.looks(options))
        order = random.Random(0)
        started = looked = self._clock()
        for number in itertools.count():
            if len(pairs) >= options.requests or self._clock() - started >= options.seconds:
                return self._trouble(canary.version)
            playlist = playlists[number % len(playlists)]
            if order.random() < 0.5:
                answer = stable.ask(playlist)
                found = pair(answer, canary.ask(playlist))
            else:
                answer = canary.ask(playlist)
                found = pair(stable.ask(playlist), answer)
            if found.canary.fault and self._clock() - looked >= _LOOK_SECONDS:
                looked = self._clock()
                if gone := self._trouble(canary.version):
                    return gone
            if number < options.warm_up:
                continue
            pairs.append(found)
            if len(pairs) in looks:
                checks = decision.judge(pairs, options)
                if decision.decide(checks) == "rolled_back":
                    return self._trouble(canary.version)
        raise AssertionError  # a count has no end

    def _trouble(self, version: int) -> str:
        try:
            return self._manager.trouble(version)
        except ServingError:  # the server is away, which its requests show too
            return ""

    def _seen(
        self,
        decided: Decision,
        reasons: tuple[str, ...],
        stable: int,
        canary: int,
        pairs: Sequence[Pair],
        *,
        checks: tuple[Check, ...] = (),
    ) -> Seen:
        overlaps = [each.overlap for each in pairs if each.overlap is not None]
        return Seen(
            decided,
            reasons,
            stable,
            canary,
            len(pairs),
            checks or decision.judge(pairs, self._options),
            decision.faults(each.canary for each in pairs),
            sum(overlaps) / len(overlaps) if overlaps else None,
        )

    def _conclude(self, seen: Seen, release: Release) -> Seen:
        """Promotes or rolls back, unless another command has released meanwhile."""
        if not self._act or seen.decision == "undecided":
            return seen
        try:
            if seen.decision == "promoted":
                reason = f"watched over {seen.requests} requests"
                self._manager.promote(seen.canary, after=release, reason=reason)
            else:
                self._manager.rollback(after=release, reason="; ".join(seen.reasons))
        except ReleaseChangedError as error:
            return dataclasses.replace(seen, decision="undecided", reasons=(str(error),))
        return dataclasses.replace(seen, acted=True)

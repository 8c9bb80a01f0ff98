"""What keeps a gateway from harm: breakers, the clock of events, limits, its one thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from gateway.breaker import Breaker
from gateway.clock import EventClock
from gateway.configuration import Breaker as BreakerOptions
from gateway.configuration import Limits
from gateway.limits import Gate
from gateway.one_thread import OneThread
from gateway.requests import TooManyError


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_breaker_opens_and_lets_one_try() -> None:
    clock = Clock()
    breaker = Breaker(BreakerOptions(failures=2, seconds=10), clock)
    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(0.0)
    assert breaker.began() == 0.0
    assert not breaker.is_open
    breaker.failed(0.0)
    assert breaker.is_open
    clock.now = 9.9
    assert breaker.began() is None
    clock.now = 10.0
    assert [breaker.began() for _ in range(3)] == [10.0, None, None]
    breaker.failed(10.0)
    clock.now = 19.9
    assert breaker.began() is None
    clock.now = 20.0
    assert breaker.began() == 20.0
    breaker.succeeded()
    assert [breaker.began() for _ in range(3)] == [20.0, 20.0, 20.0]


def test_whoever_tries_and_never_returns_is_followed_by_another() -> None:
    clock = Clock()
    breaker = Breaker(BreakerOptions(failures=1, seconds=10), clock)
    breaker.failed(0.0)
    clock.now = 10.0
    assert breaker.began() == 10.0
    clock.now = 20.0
    assert breaker.began() == 20.0


def test_a_moments_trouble_is_one_failure_however_many_met_it() -> None:
    clock = Clock()
    breaker = Breaker(BreakerOptions(failures=2, seconds=10), clock)
    clock.now = 5.0
    for began in (1.0, 2.0, 4.9):
        breaker.failed(began)
    assert not breaker.is_open
    clock.now = 7.0
    breaker.failed(6.0)
    assert breaker.is_open


def test_a_jump_of_the_clock_is_believed_after_ten_minutes() -> None:
    wall, steady = Clock(1_000_000.0), Clock(50.0)
    clock = EventClock(wall, steady)

    def at(wall_now: float, steady_now: float) -> float:
        wall.now, steady.now = wall_now, steady_now
        return clock.now() / 1e6

    assert at(1_000_010.0, 60.0) == 1_000_010.0
    assert at(1_000_050.0, 80.0) == 1_000_050.0  # set by 20 seconds
    assert clock.jumps == 0
    assert at(2_000_000.0, 90.0) == 1_000_060.0  # a jump, and time goes on
    assert at(500.0, 100.0) == 1_000_070.0
    assert clock.jumps == 1
    assert at(1_000_080.0, 110.0) == 1_000_080.0  # it came back
    assert at(500.0, 200.0) == 1_000_170.0
    assert at(1_099.0, 799.0) == 1_000_769.0
    assert at(1_100.0, 800.0) == 1_100.0
    assert at(1_101.0, 801.0) == 1_101.0
    assert clock.jumps == 2


def test_a_client_has_so_many_requests_a_second() -> None:
    clock = Clock()
    gate = Gate(Limits(per_second=2.0, burst=3), clock)

    def passes(client: str) -> bool:
        try:
            with gate.passed(client):
                return True
        except TooManyError:
            return False

    assert [passes("a") for _ in range(5)] == [True, True, True, False, False]
    assert passes("b")
    clock.now = 0.5
    assert [passes("a") for _ in range(2)] == [True, False]
    clock.now = 1000.0
    assert [passes("a") for _ in range(4)] == [True, True, True, False]


def test_so_many_are_inside_at_a_time() -> None:
    gate = Gate(Limits(concurrent=2))

    def third() -> Iterator[None]:
        with gate.passed("a"), gate.passed("b"), gate.passed("c"):
            yield

    with pytest.raises(TooManyError, match="at a time"):
        list(third())
    with gate.passed("a"), gate.passed("b"):
        pass


def test_clients_are_not_kept_in_mind_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.limits._CLIENTS", 2)
    gate = Gate(Limits(burst=1, per_second=0.001), Clock())
    for client in ("a", "b", "c"):
        with gate.passed(client):
            pass
    with pytest.raises(TooManyError), gate.passed("c"):
        pass
    with gate.passed("a"):  # forgotten, and so a new one
        pass


def test_calls_run_one_after_another_and_are_not_waited_for_too_long() -> None:
    thread, hold, seen = OneThread("test"), threading.Event(), []

    async def use() -> None:
        assert await thread.call(5, lambda a, b: a + b, 1, 2) == 3
        with pytest.raises(ZeroDivisionError):
            await thread.call(5, lambda: 1 // 0)
        with pytest.raises(TimeoutError):
            await thread.call(0.05, hold.wait, 30)
        with pytest.raises(TimeoutError):  # it never begins
            await thread.call(0.05, seen.append, "late")
        hold.set()
        assert await thread.call(5, lambda: list(seen)) == []

    asyncio.run(use())
    thread.end(lambda: seen.append("last"), 5)
    assert seen == ["last"]

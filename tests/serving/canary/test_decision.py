"""Verdicts on pairs that are written by hand."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from serving.canary import decision
from serving.canary.decision import Pair, Reply
from serving.canary.options import CanaryOptions

OPTIONS = CanaryOptions()
GOOD, BAD, EMPTY = Reply("", False, 5.0), Reply("INTERNAL: x"), Reply("", True, 5.0)


def pairs(count: int, stable: Reply = GOOD, canary: Reply = GOOD) -> list[Pair]:
    return [Pair(stable, canary)] * count


def outcomes(found: list[Pair], options: CanaryOptions = OPTIONS) -> dict[str, str]:
    return {check.name: check.outcome for check in decision.judge(found, options)}


def decided(found: list[Pair], options: CanaryOptions = OPTIONS) -> str:
    return decision.decide(decision.judge(found, options))


def timed(stable: list[float], canary: list[float]) -> list[Pair]:
    return [
        Pair(Reply("", False, one), Reply("", False, other))
        for one, other in zip(stable, canary, strict=True)
    ]


@pytest.mark.parametrize("count", [0, 1, 10, 19])
@pytest.mark.parametrize("canary", [GOOD, BAD, EMPTY])
def test_few_requests_decide_nothing(count: int, canary: Reply) -> None:
    assert decided(pairs(count, canary=canary)) == "undecided"


def test_without_a_failure_it_takes_as_many_requests_as_show_that_there_are_few() -> None:
    # 1 - 0.025 ** (1 / n) <= 0.01 from n = 368 on, and so is 0.99 ** n <= 0.025.
    assert math.ceil(math.log(0.025) / math.log(0.99)) == 368
    assert decided(pairs(367)) == "undecided"
    assert decided(pairs(368)) == "promoted"
    (errors, *_) = decision.judge(pairs(100), OPTIONS)
    assert errors.outcome == "open"
    # -ln(0.025) / 0.01 = 368.9
    assert "about 369 requests to each may show it" in errors.text


@pytest.mark.parametrize(("canary", "name"), [(BAD, "errors"), (EMPTY, "empty answers")])
def test_what_fails_each_time_is_rolled_back_after_twenty(canary: Reply, name: str) -> None:
    found = outcomes(pairs(20, canary=canary))
    assert found[name] == "broken"
    assert decided(pairs(20, canary=canary)) == "rolled_back"


def test_pairs_in_which_both_fail_say_nothing_of_the_canary() -> None:
    # 4% of playlists have no answer in either version.
    both = pairs(1920) + pairs(80, EMPTY, EMPTY)
    assert decided(both) == "promoted"
    assert decided(pairs(1920) + pairs(80, GOOD, EMPTY)) == "rolled_back"


def test_one_error_more_than_what_is_allowed_is_not_shown_either_way() -> None:
    found = pairs(1980) + pairs(20, canary=BAD)  # 1.0%
    assert outcomes(found)["errors"] == "open"
    assert decided(found) == "undecided"


@pytest.mark.parametrize("reply", [BAD, EMPTY])
def test_a_stable_version_that_fails_is_nothing_to_compare_with(reply: Reply) -> None:
    found = pairs(1000, reply, reply)
    assert decided(found) == "undecided"
    assert outcomes(found)["stable version"] == "open"
    # It does not keep a canary that is worse still from being rolled back.
    worse = pairs(600) + pairs(400, reply, reply) + pairs(200, canary=reply)
    assert decided(worse) == "rolled_back"


def test_latencies_are_compared_with_ratio_and_slack() -> None:
    options = CanaryOptions(max_p50_ratio=1.5, max_p99_ratio=2, latency_slack_ms=10)
    # 1.5 x 20 + 10 = 40 ms.
    assert outcomes(timed([20] * 400, [39] * 400), options)["p50"] == "kept"
    assert outcomes(timed([20] * 400, [41] * 400), options)["p50"] == "broken"
    # 2 x 20 + 10 = 50 ms.
    slow = [20.0] * 950 + [51.0] * 50
    assert outcomes(timed([20] * 1000, slow), options) | {"p50": "kept"} == {
        "errors": "kept",
        "empty answers": "kept",
        "p50": "kept",
        "p99": "broken",
        "stable version": "kept",
    }


def test_a_stall_decides_nothing() -> None:
    stalls = [5.0] * 1998 + [900.0] * 2
    assert decided(timed([5.0] * 2000, stalls)) == "promoted"
    assert decided(timed(stalls, [5.0] * 2000)) == "promoted"
    # In few requests it may be the rule; nobody is rolled back for it.
    assert decided(timed([5.0] * 100, [5.0] * 98 + [900.0] * 2)) == "undecided"


def test_who_is_too_late_counts_as_slow_and_who_is_refused_does_not() -> None:
    late = Reply("DEADLINE_EXCEEDED: x", milliseconds=2000.0)
    assert outcomes(pairs(20, canary=late))["p50"] == "broken"
    assert outcomes(pairs(20, canary=BAD))["p50"] == "open"


def test_looks_double_and_share_alpha() -> None:
    assert decision.looks(CanaryOptions(requests=100, min_requests=20)) == (20, 40, 80, 100)
    assert decision.looks(CanaryOptions(requests=20, min_requests=20)) == (20,)
    assert decision.looks(CanaryOptions(requests=10, min_requests=20)) == (10,)


def test_thresholds_are_named_with_their_values() -> None:
    options = CanaryOptions(max_more_errors=0.02)
    errors, empty, p50, p99, stable = decision.judge(pairs(500) + pairs(200, canary=BAD), options)
    assert errors.text == (
        "errors: 28.57% of the canary's 700 requests, 0.00% of the stable version's; "
        "canary.max_more_errors=0.02 allows 2.00%: broken"
    )
    assert "canary.max_more_empty=0.01" in empty.text
    assert p50.text == (
        "p50: 5.0 ms, 5.0 ms of the stable version; canary.max_p50_ratio=1.5 with "
        "canary.latency_slack_ms=10 allows 17.5 ms: kept"
    )
    assert "canary.max_p99_ratio=2" in p99.text
    assert "canary.max_stable_failures=0.05" in stable.text


def test_a_version_like_the_other_is_seldom_rolled_back() -> None:
    """Of 100 watches of a version like the stable one, at every look, alpha allows 5."""
    options = CanaryOptions(requests=160, max_more_errors=0, max_more_empty=0, latency_slack_ms=0)
    options = options.model_copy(update={"max_p50_ratio": 1.0, "max_p99_ratio": 1.0})
    dice = random.Random(5)

    def reply() -> Reply:
        milliseconds = dice.lognormvariate(1, 1)
        return Reply("x" if dice.random() < 0.1 else "", dice.random() < 0.1, milliseconds)

    wrong = 0
    for _ in range(100):
        found = [Pair(reply(), reply()) for _ in range(options.requests)]
        seen = (found[:count] for count in decision.looks(options))
        wrong += any(decided(part, options) == "rolled_back" for part in seen)
    assert wrong <= 5


def test_faults_are_counted() -> None:
    replies = itertools.chain([BAD] * 2, [GOOD], [Reply("other")] * 3)
    assert decision.faults(replies) == {"other": 3, "INTERNAL: x": 2}

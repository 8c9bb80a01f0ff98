"""Arms by a salted hash."""

from __future__ import annotations

import hashlib
import math

from gateway.assignment import Routes, fraction
from gateway.configuration import Route


def route(**fields: object) -> Route:
    arms = [{"name": "a", "share": 0.25}, {"name": "b", "share": 0.5}]
    return Route.model_validate({"experiment": "x", "salt": "s", "arms": arms, **fields})


def test_a_fraction_by_hand() -> None:
    digest = hashlib.sha256(b"4:salt" + b"0" * 32).hexdigest()
    assert fraction("salt", "0" * 32) == (int(digest[:16], 16) >> 11) / 2**53
    assert fraction("1", "2x") != fraction("12", "x")


def test_shares_are_kept_and_arms_stay() -> None:
    routes, count = Routes([route()]), 20_000
    names = [f"{number:032x}" for number in range(count)]
    found = [routes.of(name, "home", "casual") for name in names]
    arms = [None if each is None else each.arm for each in found]
    for arm, share in (("a", 0.25), ("b", 0.5), (None, 0.25)):
        assert abs(arms.count(arm) / count - share) < 5 * math.sqrt(share * (1 - share) / count)
    again = Routes([route()])
    assert [again.of(name, "other", "heavy") for name in names] == found
    # Another salt: who is in an arm there has nothing to do with it.
    salted = Routes([route(salt="t")])
    both = sum(
        arm == "b" and (there := salted.of(name, "home", "casual")) is not None and there.arm == "b"
        for name, arm in zip(names, arms, strict=True)
    )
    assert abs(both / count - 0.25) < 5 * math.sqrt(0.25 * 0.75 / count)


def test_the_first_route_that_takes_somebody_decides() -> None:
    whole = [{"name": "all", "share": 1.0}]
    routes = Routes(
        [
            route(experiment="home", surfaces=["home"], arms=whole),
            route(experiment="heavy", segments=["heavy"], arms=whole),
        ]
    )
    who = "f" * 32

    def name(surface: str, segment: str) -> str | None:
        found = routes.of(who, surface, segment)
        return found and found.experiment

    assert name("home", "heavy") == "home"
    assert name("discover", "heavy") == "heavy"
    assert name("discover", "casual") is None
    # Whoever is in no arm of the first may be in one of the next.
    small = route(experiment="small", arms=[{"name": "a", "share": 1e-9}])
    after = Routes([small, route(experiment="next", arms=whole)])
    found = after.of(who, "home", "casual")
    assert found is not None
    assert found.experiment == "next"

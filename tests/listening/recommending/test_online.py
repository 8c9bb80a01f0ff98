"""A listener as a store serves them is the listener of the partitions."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa

from listening.recommending import online, people
from listening.recommending.audience import SORTED
from listening.recommending.people import Person
from listening.store import open_store
from tests.listening.recommending.making import CUT, artist, found, listener, put, tracks, uri


def plain(of: Person) -> dict[str, Any]:
    """Its fields as they compare; NaN is None."""
    told = dataclasses.asdict(of)
    for name, value in told.items():
        if isinstance(value, np.ndarray):
            told[name] = [None if number != number else number for number in value.tolist()]
    return told


def test_both_say_the_same(tmp_path: pathlib.Path) -> None:
    of = tracks(*[{"artist_uri": artist(n % 3)} for n in range(40)])
    who = {"listener_id": listener(3)}
    seeds = {"seed_uris": [uri(2), uri(99), uri(1)], "seed_times": [CUT] * 3}
    put(tmp_path / "f", "listening_history", [{**who, **seeds, "streams_7d": 4}])
    heard = {"track_uris": [uri(2), uri(99)], "streams": [3, 1]}
    put(tmp_path / "f", "heard", [{**who, **heard}])
    put(tmp_path / "f", "segments", [{**who, "segment": "casual"}])
    ties = {"neighbours": [listener(4)], "similarities": [0.5], "followed_artists": [artist(1)]}
    put(tmp_path / "f", "social_graph", [{**who, **ties}])
    store = open_store(f"embedded:{tmp_path / 's'}", str(tmp_path / "f"))
    for view in online.VIEWS_READ:
        store.materialise(view)

    def read(name: str) -> Person:
        rows = {view: store.row(view, name) for view in online.VIEWS_READ}
        return online.person(name, rows, of)

    audience = pa.Table.from_pylist([{"row": 0, **who}], SORTED)
    (expected,) = people.people(audience, found(tmp_path / "f"), of)
    assert plain(read(listener(3))) == plain(expected)
    assert plain(read(listener(5))) == plain(Person(listener(5)))
    store.close()


def test_what_was_played_just_now_comes_first() -> None:
    of = tracks(*[{}] * 6)
    known = Person(
        listener(1),
        seeds=[uri(0), uri(1), uri(2)],
        times=[30, 20, 10],
        seed_places=np.array([0, 1, 2]),
        heard=np.array([0, 1, 2]),
        streams=np.array([5, 1, 1]),
    )
    later = online.just_played(known, [uri(4), uri(1), uri(99)], 100, of)
    assert later.seeds == [uri(4), uri(1), uri(99), uri(0), uri(2)]
    assert later.times == [100, 100, 100, 30, 10]
    assert later.seed_places.tolist() == [4, 1, -1, 0, 2]
    assert (later.heard.tolist(), later.streams.tolist()) == ([0, 1, 2, 4], [5, 1, 1, 1])
    # A clock that is behind does not turn the order round.
    assert online.just_played(known, [uri(4)], 5, of).times == [30, 30, 20, 10]
    assert online.just_played(known, [], 5, of) is known
    nobody = online.just_played(Person(listener(2)), [uri(3)], 5, of)
    assert (nobody.seeds, nobody.heard.tolist(), nobody.streams.tolist()) == ([uri(3)], [3], [1])

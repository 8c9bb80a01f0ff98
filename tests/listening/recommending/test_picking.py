"""What stands in a list: worked by hand, and for any policy, listener and tracks."""

from __future__ import annotations

import datetime
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

from listening.recommending.blocklist import Blocklist
from listening.recommending.people import Person
from listening.recommending.picking import Filled, fill
from listening.recommending.releases import Releases
from listening.recommending.tracks import Tracks
from tests.listening.recommending.making import (
    DAY,
    artist,
    listener,
    policy,
    rules,
    shelf,
    sources,
    tracks,
    uri,
)


def person(of: Tracks, *seeds: int, heard: tuple[int, ...] = (), **fields: Any) -> Person:
    return Person(
        listener_id=listener(1),
        seeds=[uri(seed) for seed in seeds],
        times=[0] * len(seeds),
        seed_places=of.look_up(of.uris.take(list(seeds))) if seeds else np.empty(0, np.int64),
        heard=np.array(heard, np.int64),
        streams=np.ones(len(heard), np.int64),
        **fields,
    )


def test_what_is_forbidden_stands_on_no_shelf() -> None:
    of = tracks(
        {},  # 0: heard
        {"explicit": True},
        {"explicit": None},  # 2: who knows
        {"markets": ["US"]},
        {"markets": None},
        {"release_date": DAY + datetime.timedelta(days=1)},  # 5: not out yet
        {},  # 6: blocked for all
        {},  # 7: of an artist who is blocked for all
        {},  # 8: blocked by the listener
        {"release_date": DAY},
        {},
    )
    who = person(of, 10, heard=(0,), explicit=False, market="DE", blocked=np.array([8]))
    blocked = Blocklist((uri(6), uri(99)), (artist(7), artist(99)))
    some = sources(who, range(10), of)
    assert fill(policy(), some, rules(of, blocked)).places == [9]
    assert fill(policy(heard="keep"), some, rules(of, blocked)).places == [0, 9]
    who.explicit, who.market, who.blocked = True, None, np.empty(0, np.int64)
    assert fill(policy(), some, rules(of)).places == [1, 2, 3, 4, 6, 7, 8, 9]
    assert fill(policy(explicit=False), some, rules(of)).places == [3, 4, 6, 7, 8, 9]
    assert fill(policy(market="US"), some, rules(of)).places == [1, 2, 3, 6, 7, 8, 9]
    who.market = "DE"  # the listener's own is nearer
    assert fill(policy(market="US"), some, rules(of)).places == [1, 2, 6, 7, 8, 9]


def test_at_most_so_many_of_an_artist_over_all_shelves() -> None:
    same = {"artist_uri": artist(100)}
    of = tracks(same, same, {}, same, {}, {}, {})
    shelves = [shelf("model", name="a", most=2), shelf("popular", name="b", most=3)]
    some = sources(person(of, 6), [0, 1, 2, 3], of, popular={None: [3, 4, 2, 5]})
    found = fill(policy(per_artist=1, shelves=shelves), some, rules(of))
    assert (found.places, found.shelves) == ([0, 2, 4, 5], ["a", "a", "b", "b"])
    found = fill(policy(per_artist=2, shelves=shelves), some, rules(of))
    assert found.places == [0, 1, 4, 2, 5]


def test_the_nearest_seeds_are_why() -> None:
    of = tracks({}, {}, {}, {}, {})
    vectors = np.array([[1, 0], [0, 1], [0.8, 0.6], [-1, 0], [0, 0]], np.float32)
    some = sources(person(of, 0, 1), [2, 3, 4], of, vectors=vectors)
    found = fill(policy(), some, rules(of))
    assert found.reasons == [
        "near “Track 0” by Artist 0 and “Track 1” by Artist 1",
        "goes with what you played",
        "goes with what you played",
    ]
    plain = sources(person(of, 0, 1), [2, 3, 4], of)
    assert set(fill(policy(), plain, rules(of)).reasons) == {"goes with what you played"}
    of = tracks({}, {}, {"artist_uri": artist(1), "artist_name": "A"})
    found = fill(policy(), sources(person(of, 0, 1), [2], of), rules(of))
    assert found.reasons == ["more by A, whom you played"]


def test_similar_tracks_go_by_the_last_track_that_has_some() -> None:
    of = tracks(*[{}] * 6)
    vectors = np.array([[-1, 0], [0, 1], [0, 1], [0.6, 0.8], [0, -1], [0, 0]], np.float32)
    because = policy(shelves=[shelf("similar", most=2, title="By {track} of {artist}")])
    some = sources(person(of, 0, 1), [4, 3, 2, 5], of, vectors=vectors)
    found = fill(because, some, rules(of))
    # Nothing is like 0, the last one; 2 is nearer to 1 than 3.
    assert found == Filled(
        [2, 3], ["like “Track 1” by Artist 1"] * 2, ["By Track 1 of Artist 1"] * 2
    )
    same = {"artist_uri": artist(100)}
    of = tracks({}, same, {}, same, {})
    plain = sources(person(of, 0, 1), [2, 3, 4], of)
    assert fill(because, plain, rules(of)).places == [3]


def test_popular_tracks_of_the_segment_then_of_all_then_the_models() -> None:
    of = tracks(*[{}] * 6)
    shelves = [shelf("model", "popular", most=4)]
    popular = {"casual": [1, 0], None: [2, 1]}
    new = person(of, segment="casual")
    found = fill(policy(shelves=shelves), sources(new, [3, 4], of, popular=popular), rules(of))
    assert found.places == [1, 0, 2, 3]
    assert found.reasons == ["popular with listeners like you"] * 2 + ["popular"] * 2
    known = person(of, 5, segment="casual")
    found = fill(policy(shelves=shelves), sources(known, [3, 4], of, popular=popular), rules(of))
    assert found.places == [3, 4, 1, 0]
    stranger = sources(person(of), [3, 4], of)
    assert fill(policy(shelves=shelves), stranger, rules(of)).places == [3, 4]


def out(days: int) -> datetime.date:
    return DAY - datetime.timedelta(days=days)


def test_releases_of_those_who_are_followed_then_of_neighbours() -> None:
    of = tracks(
        {"release_date": out(40)},
        {"release_date": out(30), "artist_uri": artist(50)},
        {"release_date": out(3), "artist_uri": artist(50)},
        {"release_date": out(20), "artist_uri": artist(60), "artist_name": "Sixty"},
        {"release_date": out(0), "artist_uri": artist(70), "artist_name": "Seventy"},
        {"release_date": out(5), "artist_uri": artist(80)},
        {},
    )
    fifty, sixty, seventy = of.artist_numbers([artist(50), artist(60), artist(70)]).tolist()
    new = Releases(
        DAY,
        of,
        of.released_within(DAY, 30),
        np.array([listener(2), listener(3)], "S32"),
        np.array([0, 2, 3]),
        np.array([sixty, fifty, seventy]),
    )
    who = person(
        of,
        followed=np.array([fifty]),
        neighbours=((listener(2), 0.5), (listener(9), 0.9), (listener(3), 0.25)),
    )
    shelves = [shelf("releases", days=30)]
    found = fill(policy(shelves=shelves), sources(who, [], of, releases=new), rules(of))
    assert found.places == [2, 1, 3, 4]
    assert found.reasons[0] == "new from Artist 2, whom you follow"
    assert found.reasons[2] == "new from Sixty, whom somebody plays whom you follow"
    # Of releases that are as near the model's order counts.
    some = sources(who, [6, 1], of, releases=new)
    assert fill(policy(shelves=shelves), some, rules(of)).places == [1, 2, 3, 4]
    mine = [shelf("releases", days=29, by=["followed"])]
    assert fill(policy(shelves=mine), some, rules(of)).places == [2]
    alone = sources(person(of), [6], of, releases=new)
    assert fill(policy(shelves=shelves), alone, rules(of)) == Filled()


TRACK = st.fixed_dictionaries(
    {
        "artist_uri": st.integers(0, 3).map(artist),
        "explicit": st.sampled_from([True, False, None]),
        "markets": st.sampled_from([None, ["DE"], ["US", "DE"], []]),
        "release_date": st.none() | st.integers(-5, 40).map(out),
    }
)
SOURCES = ("model", "similar", "releases", "popular")
SHELVES = st.lists(
    st.builds(
        lambda sources, most, days: {"sources": sources, "most": most, "days": days},
        st.lists(
            st.sampled_from(["model", "similar", "releases", "popular"]), min_size=1, unique=True
        ),
        st.integers(1, 5),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=4,
)


@hypothesis.settings(max_examples=150)
@hypothesis.given(st.lists(TRACK, min_size=1, max_size=15), SHELVES, st.data())
def test_nothing_forbidden_and_shelves_are_full_or_there_is_no_more(
    rows: list[dict[str, Any]], drawn: list[dict[str, Any]], data: st.DataObject
) -> None:
    of = tracks(*rows)
    some = st.lists(st.integers(0, len(rows) - 1), unique=True)
    heard, blocked, everywhere, seeds, best, popular = (data.draw(some) for _ in range(6))
    explicit, heard_too = data.draw(st.booleans()), data.draw(st.booleans())
    market = data.draw(st.sampled_from([None, "US"]))
    most = data.draw(st.none() | st.integers(1, 2))
    new = of.released_within(DAY, 30)
    follows = np.unique(of.artist)[::2]
    releases = Releases(DAY, of, new, np.empty(0, "S32"), np.zeros(1, np.int64), new[:0])
    who = person(
        of,
        *seeds,
        heard=tuple(heard),
        explicit=explicit,
        market=market,
        blocked=np.array(blocked, np.int64),
        followed=follows,
    )
    asked = policy(
        per_artist=most,
        heard="keep" if heard_too else "leave_out",
        shelves=[{"name": f"s{n}", "title": f"{n}", **each} for n, each in enumerate(drawn)],
    )
    given = sources(who, best, of, popular={None: popular}, releases=releases)
    found = fill(asked, given, rules(of, Blocklist(tuple(uri(n) for n in everywhere))))
    assert len(found.places) == len(found.reasons) == len(found.shelves)
    assert len(set(found.places)) == len(found.places)

    def allowed(place: int) -> bool:
        row = rows[place]
        return (
            place not in everywhere
            and place not in blocked
            and (heard_too or place not in heard)
            and (explicit or row["explicit"] is False)
            and (market is None or market in (row["markets"] or []))
            and (row["release_date"] is None or row["release_date"] <= DAY)
        )

    assert all(allowed(place) for place in found.places)
    artists = [rows[place]["artist_uri"] for place in found.places]
    assert most is None or all(artists.count(each) <= most for each in artists)
    taken: set[int] = set()
    for number, each in enumerate(drawn):
        mine = [p for p, s in zip(found.places, found.shelves, strict=True) if s == f"{number}"]
        assert len(mine) <= each["most"]
        taken |= set(mine)
        reach: set[int] = set()
        if "model" in each["sources"] and seeds:
            reach |= set(best)
        if "popular" in each["sources"]:
            reach |= set(popular) | (set() if seeds else set(best))
        if "releases" in each["sources"]:
            reach |= {
                place
                for place in new.tolist()
                if of.artist[place] in follows
                and (DAY - rows[place]["release_date"]).days <= each["days"]
            }
        if len(mine) < each["most"]:
            so_far = [rows[place]["artist_uri"] for place in taken]
            left = [
                place
                for place in reach - taken
                if allowed(place)
                and (most is None or so_far.count(rows[place]["artist_uri"]) < most)
            ]
            assert left == []

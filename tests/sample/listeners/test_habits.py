"""When listeners listen, to what, and what can be known of tracks."""

from __future__ import annotations

import collections
import datetime
from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from sample.listeners.catalogue import Catalogue, build_catalogue
from sample.listeners.clock import WEEK, WEEKEND, WORKDAY, intensity
from sample.listeners.kinds import DAY, HOUR, KIND_NAMES, KINDS, WorldSize
from sample.listeners.people import People
from sample.listeners.plays import draw_plays
from sample.listeners.social import draw_follow
from sample.listeners.tables import NOISE, SIGNAL
from tests.sample.listeners.conftest import SIZE, Written


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return build_catalogue(SIZE)


@pytest.fixture(scope="module")
def people(catalogue: Catalogue) -> People:
    return People(SIZE, catalogue)


@pytest.fixture(scope="module")
def truth(world: Written) -> dict[str, dict[str, Any]]:
    return {row["listener_id"]: row for row in world.table("truth/listeners")}


def plays_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] in ("stream", "skip")]


def test_hours_and_days_of_the_week_have_their_shares() -> None:
    # The first day is a Wednesday, so hour 24 * 3 + 10 is ten in the morning of a Saturday.
    hours = intensity(7, 0)
    assert hours.sum() == pytest.approx(7)
    assert hours[8] == pytest.approx(10 / WORKDAY.sum() * 0.95 / (7.0 / 7))
    assert hours[24 * 3 + 10] == pytest.approx(7 / WEEKEND.sum() * 1.13)
    assert hours[24 * 2 : 24 * 3].sum() == pytest.approx(1.2)
    assert WEEK.mean() == pytest.approx(1.0)
    assert np.array_equal(intensity(2, 3)[3:24], intensity(2, 0)[0:21])


def test_sessions_are_as_many_as_their_rates_say(
    events: list[dict[str, Any]], truth: dict[str, dict[str, Any]]
) -> None:
    sessions = collections.defaultdict(set)
    for event in plays_of(events):
        sessions[truth[event["listener_id"]]["kind"]].add(event["session_id"])
    for kind in KIND_NAMES:
        expected = sum(row["expected_sessions"] for row in truth.values() if row["kind"] == kind)
        # Poisson; a few sessions lose all that they have: to faults, or as the days end.
        assert abs(len(sessions[kind]) - 0.99 * expected) < 4 * expected**0.5 + 0.01 * expected
    heavy, casual = (
        len(sessions[k]) / (SIZE.listeners * KINDS[k].share) for k in ("heavy", "casual")
    )
    assert heavy > 4 * casual


def test_new_listeners_come_on_their_day(
    events: list[dict[str, Any]], truth: dict[str, dict[str, Any]]
) -> None:
    joined = {name: row["joined"] for name, row in truth.items()}
    assert {row["joined"] >= 0 for row in truth.values() if row["kind"] == "new"} == {True}
    assert {row["joined"] for row in truth.values() if row["kind"] != "new"} == {-1}
    assert max(joined.values()) > 7
    for event in events:
        assert (event["event_time"] - SIZE.start) // DAY >= joined[event["listener_id"]]


def test_a_day_has_its_hours(events: list[dict[str, Any]]) -> None:
    hours: collections.Counter[tuple[bool, int]] = collections.Counter()
    for event in plays_of(events):
        when = datetime.datetime.fromtimestamp(event["event_time"] / 1e6, datetime.timezone.utc)
        hours[when.weekday() >= 5, when.hour] += 1
    workday = [hours[False, hour] for hour in range(24)]
    weekend = [hours[True, hour] for hour in range(24)]
    assert sum(workday[2:5]) < 0.4 * sum(workday[7:10])
    assert sum(weekend[0:3]) / sum(weekend) > 1.5 * sum(workday[0:3]) / sum(workday)
    friday = sum(
        (event["event_time"] // DAY - SIZE.first_day) % 7 == 2 for event in plays_of(events)
    )
    assert friday / len(plays_of(events)) == pytest.approx(1.2 / 7, abs=0.03)


def test_a_listener_does_one_thing_at_a_time(catalogue: Catalogue, people: People) -> None:
    for number in range(40):
        plays = draw_plays(SIZE, catalogue, people.listener(number))
        begun = plays.time - plays.ms_played * 1_000
        assert (begun[1:] >= plays.time[:-1]).all()
        assert (plays.ms_played <= catalogue.duration_ms[plays.track]).all()
        assert (plays.ms_played[plays.is_skip] <= 30_000).all()


def test_nothing_is_played_before_its_release(world: Written, events: list[dict[str, Any]]) -> None:
    released = {row["track_uri"]: row["release_date"] for row in world.table("tracks")}
    epoch, played = datetime.date(1970, 1, 1), set()
    for event in plays_of(events):
        day = epoch + datetime.timedelta(days=event["event_time"] // DAY)
        assert released[event["track_uri"]] <= day
        played.add(event["track_uri"])
    window = {uri for uri, date in released.items() if date >= datetime.date(2017, 11, 1)}
    assert len(window) > 20
    assert len(window & played) > 0.2 * len(window)


def test_taste_decides_over_what_is_played(catalogue: Catalogue, people: People) -> None:
    chosen = [people.listener(number) for number in range(120)]
    tastes = np.stack([listener.taste for listener in chosen])
    own, others = [], []
    for row, listener in enumerate(chosen):
        tracks = draw_plays(SIZE, catalogue, listener).track
        if len(tracks):
            mean = catalogue.vectors[tracks].mean(axis=0)
            own.append(mean @ listener.taste)
            others.append(np.delete(tastes, row, axis=0).mean(axis=0) @ mean)
    assert np.mean(own) > np.mean(others) + 0.2


def test_genre_bound_listeners_keep_to_their_genre(catalogue: Catalogue, people: People) -> None:
    genre_of = catalogue.world.scene_genre[catalogue.scene]
    shares: dict[str, list[float]] = collections.defaultdict(list)
    for number in range(200):
        listener = people.listener(number)
        tracks = draw_plays(SIZE, catalogue, listener).track
        if len(tracks) >= 20:
            shares[KIND_NAMES[listener.kind]].append((genre_of[tracks] == listener.genre).mean())
    assert np.mean(shares["genre_bound"]) > 1.3 * np.mean(shares["casual"])


def test_what_is_to_the_taste_is_skipped_less(catalogue: Catalogue, people: People) -> None:
    affinity, skipped = [], []
    for number in range(150):
        plays = draw_plays(SIZE, catalogue, people.listener(number))
        affinity.append(plays.affinity)
        skipped.append(plays.is_skip)
    all_affinity, all_skipped = np.concatenate(affinity), np.concatenate(skipped)
    low, high = np.quantile(all_affinity, [0.25, 0.75])
    assert all_skipped[all_affinity < low].mean() > 1.3 * all_skipped[all_affinity > high].mean()


def test_some_tracks_have_days_of_their_own(catalogue: Catalogue) -> None:
    # What is popular on one day is not what is popular over all of them.
    daily = np.diff(catalogue.weights).reshape(SIZE.days, -1)
    top = [set(np.argsort(-day)[:50].tolist()) for day in daily]
    assert len(top[0] & top[-1]) < 45
    assert len(top[6] & top[7]) > len(top[0] & top[-1])
    assert (daily[0] == 0).sum() > 10  # not yet released
    assert np.allclose(
        np.add.reduceat(daily, catalogue.cell_start[:-1], axis=1), catalogue.cell_weights
    )


def test_tracks_are_drawn_by_their_weight_within_a_cell(catalogue: Catalogue) -> None:
    cell = int(np.argmax(np.diff(catalogue.cell_start)))
    first, last = catalogue.cell_start[cell : cell + 2]
    draws = (np.arange(10_000) + 0.5) / 10_000
    day = np.full(len(draws), 3)
    found = np.bincount(catalogue.draw(day, np.full(len(draws), cell), draws), minlength=last)
    weights = np.diff(catalogue.weights).reshape(SIZE.days, -1)[3, first:last]
    assert np.abs(found[first:last] - 10_000 * weights / weights.sum()).max() <= 1
    assert found[:first].sum() == 0


def test_audio_follows_the_latent_vectors(world: Written) -> None:
    vectors = {row["track_uri"]: row["vector"] for row in world.table("truth/tracks")}
    rows = world.table("audio")
    assert 0.95 < len(rows) / len(vectors) < 1
    X = np.array([vectors[row["track_uri"]] for row in rows])
    X = np.column_stack([X, np.ones(len(X))])
    for name in ("energy", "valence", "tempo"):
        y = np.array([row[name] for row in rows], dtype=float)
        y = logit((y - 60) / 120 if name == "tempo" else y)
        weights, residue, *_ = np.linalg.lstsq(X, y, rcond=None)
        noise = (residue[0] / len(X)) ** 0.5
        assert noise == pytest.approx(NOISE, rel=0.05)
        assert np.linalg.norm(weights[:-1]) == pytest.approx(SIGNAL, rel=0.1)
        assert 1 - noise**2 / y.var() > 0.4


def test_who_follows_whom_is_of_a_genre(world: Written, truth: dict[str, dict[str, Any]]) -> None:
    ties = [row for row in world.table("follows") if row["followed_listener"]]
    same = np.mean(
        [
            truth[row["listener_id"]]["genre"] == truth[row["followed_listener"]]["genre"]
            for row in ties
        ]
    )
    genres = collections.Counter(row["genre"] for row in truth.values())
    chance = sum((count / len(truth)) ** 2 for count in genres.values())
    assert same > 3 * chance
    assert all(row["listener_id"] != row["followed_listener"] for row in ties)
    followers = collections.Counter(row["followed_listener"] for row in ties)
    assert max(followers.values()) > 4 * len(ties) / len(followers)
    newcomers = {name for name, row in truth.items() if row["joined"] >= 0}
    assert not newcomers & {row["listener_id"] for row in world.table("follows")}


def test_a_lonely_listener_follows_nobody() -> None:
    assert draw_follow(np.zeros(1, dtype=np.uint8), 0, np.random.default_rng(0)) is None


def test_genres_of_all_are_those_of_each(people: People) -> None:
    assert people.genres.dtype == np.uint8
    assert [people.listener(number).genre for number in range(25)] == people.genres[:25].tolist()


def test_hours_and_days_are_microseconds() -> None:
    size = WorldSize(1, 1, 2, 0)
    assert (HOUR, DAY) == (3_600_000_000, 86_400_000_000)
    assert datetime.datetime.fromtimestamp(size.start / 1e6, datetime.timezone.utc).day == 1
    assert size.end - size.start == 2 * DAY

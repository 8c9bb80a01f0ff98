"""`social_graph` is what pandas finds in the raw events and the table of follows."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import hypothesis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from listening.features import partitions, social, sorting
from listening.features.catalogue import TrackFacts
from listening.features.social import ties
from listening.features.social.columns import social_rows
from listening.features.social.tastes import Tastes, similarities
from schema.tables import FOLLOWS
from tests.listening.events.making import DAY, MORNING
from tests.listening.features import reference
from tests.listening.features.conftest import World, cut, micros, rows


@pytest.mark.parametrize("when", [cut(3), cut(9, 5)])
def test_it_is_what_the_raw_events_and_the_table_say(
    world: World, when: datetime.datetime, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = reference.social(world.raw, world.ties, micros(when), world.facts)
    built = social.build(world.events, str(tmp_path), world.tracks, when, world.follows)
    got = rows(partitions.read(str(tmp_path), "social_graph", when))
    assert list(got) == list(wanted)
    assert {name: reference.same(got[name], row) for name, row in wanted.items()} == {
        name: [] for name in wanted
    }
    assert max(row["mean_similarity"] or 0 for row in got.values()) > 0.1
    table = pathlib.Path(built.partition.folder) / "table.parquet"
    monkeypatch.setattr(sorting, "buckets_for", lambda rows: 5)
    other = str(tmp_path / "five")
    again = social.build(world.events, other, world.tracks, when, world.follows)
    found = pathlib.Path(again.partition.folder) / "table.parquet"
    assert found.read_bytes() == table.read_bytes()


NAMES = [f"{number:x}" * 32 for number in range(5)]
ARTISTS = [f"spotify:artist:{number:022d}" for number in range(3)]
SONGS = {f"spotify:track:{number:022d}": (ARTISTS[number], ["pop"]) for number in range(3)}
TIME = st.integers(-40 * DAY, DAY).map(lambda at: MORNING + at)
FOLLOW = st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, *ARTISTS]), st.none() | TIME)
STREAM = st.tuples(st.sampled_from(NAMES), st.sampled_from([*SONGS, "spotify:track:" + "9" * 22]))


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(st.lists(FOLLOW, max_size=30), st.lists(st.tuples(STREAM, TIME), max_size=40))
def test_any_ties_any_tastes(
    follows: list[tuple[str, str, int | None]], streams: list[tuple[tuple[str, str], int]]
) -> None:
    """Ties of both kinds, twice, of listeners with themselves, from later and of no known time."""
    table = [
        (who, None if whom in ARTISTS else whom, whom if whom in ARTISTS else None, since)
        for who, whom, since in follows
    ]
    heard = [
        {
            "type": "stream",
            "idempotency_key": f"event-{number:08d}",
            "event_time": time,
            "listener_id": who,
            "track_uri": track,
        }
        for number, ((who, track), time) in enumerate(streams)
    ]
    wanted = reference.social(reference.frame(heard), table, MORNING, SONGS)
    taste = tastes_of([e for e in heard if MORNING - 28 * DAY <= e["event_time"] < MORNING])
    found = social_rows(
        ties.sortable(as_follows([row for row in table if row[3] is None or row[3] < MORNING])),
        lambda mine, theirs: similarities(taste, taste, mine, theirs),
    )
    got = rows(found)
    assert list(got) == list(wanted)
    assert not [
        reference.same(got[name], row)
        for name, row in wanted.items()
        if reference.same(got[name], row)
    ]


def as_follows(table: list[tuple[Any, ...]]) -> pa.Table:
    columns = dict(zip(FOLLOWS.names, zip(*table, strict=True), strict=True)) if table else {}
    return pa.table(
        [
            pa.array(list(columns.get(field.name, ())), pa.int64()).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array(list(columns.get(field.name, ())), field.type)
            for field in FOLLOWS
        ],
        schema=FOLLOWS,
    )


def tastes_of(heard: list[dict[str, Any]]) -> Tastes:
    names = ("type", "idempotency_key", "event_time", "listener_id", "track_uri")
    facts = TrackFacts(
        pa.table(
            {
                "track_uri": list(SONGS),
                "artist_uri": [artist for artist, _ in SONGS.values()],
                "genres": pa.array([genres for _, genres in SONGS.values()]),
            }
        )
    )
    columns = {name: pa.array([event[name] for event in heard]) for name in names}
    if not heard:
        columns = {name: pa.array([], pa.string()) for name in names}
        columns["event_time"] = pa.array([], pa.int64())
    return Tastes.of(pa.table(columns), facts)


def test_a_file_of_tastes_holds_them(tmp_path: pathlib.Path) -> None:
    song, other, _ = SONGS
    heard = [
        {
            "type": "stream",
            "idempotency_key": f"k-{n}",
            "event_time": MORNING,
            "listener_id": who,
            "track_uri": track,
        }
        for n, (who, track) in enumerate([(NAMES[0], song), (NAMES[1], song), (NAMES[1], other)])
    ]
    taste = tastes_of(heard)
    taste.save(str(tmp_path / "tastes.npz"))
    read = Tastes.load(str(tmp_path / "tastes.npz"))
    mine, theirs = np.array([NAMES[0], NAMES[0]]), np.array([NAMES[1], NAMES[2]])
    assert similarities(read, taste, mine, theirs).tolist() == [1 / 2**0.5, 0.0]


def test_ties_of_a_table_end_at_the_cut(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "follows.parquet")
    table = [(NAMES[0], NAMES[1], None, at) for at in (None, MORNING - 1, MORNING, MORNING + 1)]
    pq.write_table(as_follows(table), path)
    assert ties.of_table(path, 0, MORNING).num_rows == 2 * 2

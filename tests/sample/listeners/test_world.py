"""The world as a whole: what is written, in which shares, and that it never varies."""

from __future__ import annotations

import collections
import datetime
import hashlib
import json
import pathlib
from typing import Any

import pytest

from sample.generator import generate, write_slices
from sample.listeners import WorldSize, arrivals, write_world
from sample.listeners.kinds import (
    DUPLICATE_SHARE,
    HOUR,
    KINDS,
    LATE_SHARE,
    MALFORMED_SHARE,
    NEWER_SHARE,
    UNHEARD_SHARE,
)
from sample.listeners.people import kind_of
from schema import events as contract
from schema import tables
from tests.sample.listeners.conftest import SIZE, Written


def within(found: int, total: int, share: float) -> bool:
    """Whether a count lies within four standard deviations of its share."""
    return abs(found - total * share) <= 4 * (total * share * (1 - share)) ** 0.5


def read(line: bytes) -> contract.Event | None:
    """The event of a line, None where it is none."""
    try:
        return contract.parse(line, now=SIZE.end + 100 * HOUR)
    except contract.RefusedError:
        return None


def contents(folder: pathlib.Path) -> dict[str, str]:
    """A digest of every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("[!.]*")
        if path.is_file()
    }


def test_every_line_is_read_or_refused_as_the_truth_has_it(world: Written) -> None:
    read, refused, keys = 0, collections.Counter[str](), set()
    for line in world.lines():
        try:
            event = contract.parse(line, now=SIZE.end + 100 * HOUR)
        except contract.RefusedError as error:
            refused[error.reason] += 1
        else:
            read += 1
            keys.add(event.idempotency_key)
            assert SIZE.start <= event.event_time < SIZE.end
    assert dict(refused) == world.counts["malformed"]
    assert len(keys) == world.counts["unique"]
    assert read == world.counts["unique"] + world.counts["duplicates"]
    assert len(world.lines()) == world.counts["messages"] == read + refused.total()
    assert len(refused) >= 10


def test_the_truth_names_every_fault(world: Written) -> None:
    faults = world.table("truth/faults")
    kinds = collections.Counter(row["fault"] for row in faults)
    assert kinds["late"] == world.counts["late"]
    assert kinds["duplicate"] == world.counts["duplicates"]
    reasons = collections.Counter(row["reason"] for row in faults if row["reason"])
    assert reasons == world.counts["malformed"]
    assert kinds["malformed"] == reasons.total()
    stated = json.loads((world.folder / "truth" / "world.json").read_text())
    assert stated["counts"] == world.counts
    assert stated["size"] == {"playlists": 250, "listeners": 300, "days": 14, "seed": 7}
    assert stated["shares"]["late"] == LATE_SHARE
    assert stated["shares"]["kinds"] == {name: kind.share for name, kind in KINDS.items()}


def test_faults_are_in_their_shares(world: Written) -> None:
    malformed = sum(world.counts["malformed"].values())
    produced = world.counts["unique"] + malformed
    assert within(malformed, produced, MALFORMED_SHARE)
    assert within(world.counts["late"], world.counts["unique"], LATE_SHARE)
    assert within(world.counts["duplicates"], world.counts["unique"], DUPLICATE_SHARE)


def test_some_events_are_of_a_newer_version(events: list[dict[str, Any]]) -> None:
    newer = [event for event in events if event["schema_version"] != contract.SCHEMA_VERSION]
    assert within(len(newer), len(events), NEWER_SHARE)
    assert all(event["schema_version"] == "1.1" and event["device"] for event in newer)


def test_kinds_are_in_their_shares_among_any_that_follow_each_other(world: Written) -> None:
    assert sum(world.counts["listeners"].values()) == SIZE.listeners
    for first in (0, 1_000):
        found = collections.Counter(kind_of(3, number) for number in range(first, first + 500))
        for index, kind in enumerate(KINDS.values()):
            assert abs(found[index] - 500 * kind.share) <= 3
    assert sum(kind.share for kind in KINDS.values()) == pytest.approx(1)
    told = collections.Counter(row["kind"] for row in world.table("truth/listeners"))
    assert told == world.counts["listeners"]


def test_events_are_in_the_order_of_arrival(world: Written) -> None:
    delayed = {row["idempotency_key"]: row for row in world.table("truth/faults")}
    latest, ordered = 0, 0
    for line in world.lines():
        event = read(line)
        if event is None:
            continue
        if event.idempotency_key not in delayed:
            # It arrived less than an hour after it happened, and after all before it had happened.
            assert event.event_time > latest - HOUR
            ordered += 1
        latest = max(latest, event.event_time)
    assert ordered > 0.9 * world.counts["messages"]
    late = [row for row in delayed.values() if row["fault"] == "late"]
    lags = [row["arrival"] - row["event_time"] for row in late]
    assert min(lags) >= datetime.timedelta(hours=1)
    assert max(lags) <= datetime.timedelta(hours=48)


def test_files_are_named_by_the_day_of_arrival(world: Written) -> None:
    names = sorted(path.name for path in (world.folder / "events").iterdir())
    assert names[0] == "events-2017-11-01.jsonl"
    assert names[13] == "events-2017-11-14.jsonl"
    assert set(names[14:]) <= {"events-2017-11-15.jsonl", "events-2017-11-16.jsonl"}
    assert [path.name for path in world.folder.glob(".*")] == [".lock"]


def test_the_same_size_writes_the_same_bytes_however_much_is_held(
    world: Written, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_HELD", 20_000)
    assert write_world(tmp_path, SIZE) == world.counts
    assert contents(tmp_path) == contents(world.folder)


def test_another_seed_is_another_world(tmp_path: pathlib.Path) -> None:
    counts = [
        write_world(tmp_path / str(seed), WorldSize(20, 5, 2, seed))["messages"] for seed in (1, 2)
    ]
    first, second = (contents(tmp_path / str(seed)) for seed in (1, 2))
    assert counts[0] != counts[1]
    assert all(first[name] != second[name] for name in first.keys() & second.keys())


def test_a_listener_does_not_depend_on_how_many_there_are(
    events: list[dict[str, Any]], tmp_path: pathlib.Path
) -> None:
    write_world(tmp_path, WorldSize(SIZE.playlists, 20, SIZE.days, SIZE.seed))
    small = Written(tmp_path, {})
    who = {row["listener_id"] for row in small.table("truth/listeners")}
    plays = {
        (event["listener_id"], event["event_time"]): event["track_uri"]
        for event in events
        if event["type"] in ("stream", "skip")
    }
    found = 0
    for line in small.lines():
        event = read(line)
        if event is None:
            continue
        if isinstance(event, contract.Stream | contract.Skip):
            known = plays.get((event.listener_id, event.event_time))
            assert known in (event.track_uri, None)  # None: one that was malformed there
            found += known is not None
    expected = sum(listener in who for listener, _ in plays)
    assert expected > 500
    assert found > 0.95 * expected


def test_playlists_stay_as_they_are(tmp_path: pathlib.Path) -> None:
    write_slices(tmp_path / "alone", 20, seed=3)
    write_slices(tmp_path / "with", 20, seed=3)
    write_world(tmp_path / "with", WorldSize(20, 3, 2, 3))
    alone = contents(tmp_path / "alone")
    assert alone.items() <= contents(tmp_path / "with").items()


def test_the_tracks_are_those_of_the_playlists_and_a_share_of_others(world: Written) -> None:
    heard = {
        track["track_uri"]: track
        for playlist in generate(SIZE.playlists, SIZE.seed)
        for track in playlist["tracks"]
    }
    rows = {row["track_uri"]: row for row in world.table("tracks")}
    assert heard.keys() < rows.keys()
    unheard = rows.keys() - heard.keys()
    assert len(unheard) == world.counts["unheard"]
    assert len(unheard) / len(rows) == pytest.approx(UNHEARD_SHARE, abs=1 / len(rows))
    for uri, track in heard.items():
        same = ("artist_uri", "artist_name", "album_uri", "album_name", "duration_ms", "track_name")
        assert {key: rows[uri][key] for key in same} == {key: track[key] for key in same}
    hidden = {row["track_uri"]: row["is_in_playlists"] for row in world.table("truth/tracks")}
    assert {uri for uri, is_heard in hidden.items() if is_heard} == heard.keys()


@pytest.mark.parametrize(
    ("name", "schema"),
    [("tracks", tables.TRACKS), ("audio", tables.AUDIO), ("follows", tables.FOLLOWS)],
)
def test_tables_are_those_of_the_contract(world: Written, name: str, schema: Any) -> None:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(world.folder / f"{name}.parquet").read()
    assert table.schema.equals(schema)
    assert tables.conform(table, schema).num_rows > 100


def test_events_that_are_not_of_a_world_are_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "mine.jsonl").touch()
    with pytest.raises(FileExistsError, match=r"1 other files, such as mine\.jsonl"):
        write_world(tmp_path, WorldSize(20, 1, 1, 0))


def test_a_shorter_world_leaves_no_day_of_a_longer_one(tmp_path: pathlib.Path) -> None:
    write_world(tmp_path, WorldSize(20, 30, 5, 1))
    write_world(tmp_path, WorldSize(20, 30, 1, 1))
    write_world(tmp_path / "fresh", WorldSize(20, 30, 1, 1))
    fresh = contents(tmp_path / "fresh")
    assert {name: contents(tmp_path)[name] for name in fresh} == fresh
    names = {path.name for path in (tmp_path / "events").iterdir()}
    assert names == {path.name for path in (tmp_path / "fresh" / "events").iterdir()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"listeners": 0}, "listeners: 0 is not between 1 and 10,000,000"),
        ({"days": 367}, "days: 367 is not between 1 and 366"),
    ],
)
def test_a_size_out_of_range_names_itself(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldSize(**{"playlists": 1, "listeners": 1, "days": 1, "seed": 1, **change})

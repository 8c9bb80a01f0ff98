"""`listening_history` is what pandas finds in the raw events, as of any time."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from listening.events import DirectorySource, erasing, land
from listening.features import history, partitions, sorting, window
from listening.features.catalogue import TrackFacts
from listening.features.history.columns import COLUMNS, history_rows
from schema.events import EVENTS
from tests.listening.events.making import DAY, HOUR, MORNING, NOW, fields, message, write
from tests.listening.features import reference
from tests.listening.features.conftest import World, cut, micros, rows

TRACKS = {
    f"spotify:track:{number:022d}": (f"spotify:artist:{number % 4:022d}", genres)
    for number, genres in enumerate(
        [["pop"], ["rock", "pop"], [], ["jazz"], ["pop", "jazz"], ["rock"], []]
    )
}
FACTS = TrackFacts(
    pa.table(
        {
            "track_uri": list(TRACKS),
            "artist_uri": [artist for artist, _ in TRACKS.values()],
            "genres": pa.array([genres for _, genres in TRACKS.values()], pa.list_(pa.string())),
        }
    )
)


@pytest.mark.parametrize("when", [cut(2, 7), cut(6), cut(10, 23)])
def test_it_is_what_the_raw_events_say(
    world: World, when: datetime.datetime, tmp_path: pathlib.Path
) -> None:
    found = history.build(world.events, str(tmp_path), when, world.tracks)
    wanted = reference.history(world.raw, micros(when), world.facts)
    table = partitions.read(str(tmp_path), "listening_history", when)
    got = rows(table)
    assert list(got) == sorted(wanted)
    assert found.listeners == len(wanted) > 10
    assert {name: reference.same(got[name], row) for name, row in wanted.items()} == {
        name: [] for name in wanted
    }
    assert sum(row["plays_28d"] for row in got.values()) > 10 * len(got)


EVENT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["stream", "stream", "skip", "save", "playlist_add", "follow"]),
        "idempotency_key": st.integers(0, 40).map(lambda number: f"event-{number:08d}"),
        "event_time": st.integers(-100 * DAY, 2 * DAY).map(lambda at: MORNING + at)
        | st.sampled_from([0, 1, 7, 28, 90]).map(lambda days: MORNING - days * DAY)
        | st.sampled_from([0, 1, 7, 28, 90]).map(lambda days: MORNING - days * DAY - 1),
        "listener_id": st.integers(0, 4).map(lambda number: f"{number:032x}"),
        "track_uri": st.sampled_from([*TRACKS, "spotify:track:" + "9" * 22]),
        "session_id": st.none() | st.sampled_from(["a", "b", "c"]),
        "ms_played": st.integers(0, 400_000),
    }
)


def events_of(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What one listener's key is is no other's; what has no track or time has none."""
    found = []
    for event in drawn:
        kind = event["type"]
        plays = kind in ("stream", "skip")
        found.append(
            {
                **event,
                "idempotency_key": f"{event['listener_id'][-1]}-{event['idempotency_key']}",
                "track_uri": None if kind == "follow" else event["track_uri"],
                "ms_played": event["ms_played"] if plays else None,
            }
        )
    return found


def table_of(found: list[dict[str, Any]]) -> pa.Table:
    schema = pa.schema([EVENTS.field(name) for name in COLUMNS])
    columns = {name: [event[name] for event in found] for name in COLUMNS}
    columns["event_time"] = pa.array(columns["event_time"], pa.int64()).cast(
        EVENTS.field("event_time").type
    )
    return pa.table(columns, schema=schema)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(st.lists(EVENT, max_size=60), st.integers(-30, 2), st.randoms())
def test_any_events_any_cut(drawn: list[dict[str, Any]], days: int, luck: Any) -> None:
    """Copies, of other times too, what happens at the cut or later, and any order of arrival."""
    found, at = events_of(drawn), MORNING + days * DAY
    wanted = reference.history(reference.frame(found), at, TRACKS)
    inside = [e for e in found if at - 90 * DAY <= e["event_time"] < at]
    luck.shuffle(inside)
    # A copy from before the 90 days takes away the later one: both are the same event.
    early = {e["idempotency_key"] for e in found if e["event_time"] < at - 90 * DAY}
    hypothesis.assume(not early & {e["idempotency_key"] for e in inside})
    table, copies = history_rows(table_of(inside), at, FACTS, seeds=100, top=20)
    got = rows(table)
    assert list(got) == sorted(wanted)
    assert all(not reference.same(got[name], row) for name, row in wanted.items())
    assert copies == len(inside) - len({e["idempotency_key"] for e in inside})


def landed(folder: pathlib.Path, lines: list[bytes], **more: list[bytes]) -> str:
    """Lands lines, then further files each in a landing of its own."""
    out = str(folder / "events")
    write(folder / "source", "a", lines)
    land(out, DirectorySource(str(folder / "source")), clock=lambda: NOW)
    for name, late in more.items():
        write(folder / "source", name, late)
        land(out, DirectorySource(str(folder / "source")), clock=lambda: NOW)
    return out


def at(hours: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp((MORNING + hours * HOUR) / 1e6, datetime.timezone.utc)


def content(partition: partitions.Partition) -> dict[str, bytes]:
    folder = pathlib.Path(partition.folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_later_events_late_ones_and_copies(tmp_path: pathlib.Path) -> None:
    """Whatever happens later leaves a partition as it is, to the byte; what happened does not."""
    source, out = tmp_path, str(tmp_path / "features")
    lines = [message(number * 300) for number in range(60)]
    events = landed(source, lines)
    first = history.build(events, out, at(4))
    known = content(first.partition)
    again = history.build(events, out, at(4))
    assert (again.changed, again.partition) == (False, first.partition)
    later = [message(4 * 3600 + number, listener_id=f"{number % 7:032x}") for number in range(50)]
    write(source / "source", "b", later)
    write(source / "source", "c", lines[:20])
    land(events, DirectorySource(str(source / "source")), clock=lambda: NOW)
    after = history.build(events, out, at(4))
    assert not after.changed
    assert content(after.partition) == known
    late = [message(900_000 + number, event_time=MORNING + number) for number in range(5)]
    write(source / "source", "d", late)
    land(events, DirectorySource(str(source / "source")), clock=lambda: NOW)
    reopened = history.build(events, out, at(4))
    assert reopened.changed
    assert reopened.partition.version == 2
    plays = pq.read_table(pathlib.Path(reopened.partition.folder) / "table.parquet")
    assert sum(plays.column("plays_1d").to_pylist()) == 48 + 5
    assert [each.version for each in partitions.partitions(out, "listening_history")] == [2]


def test_a_copy_that_landed_twice_counts_once(tmp_path: pathlib.Path) -> None:
    """A copy beyond the horizon of a landing is an event that landed; features tell."""
    events = landed(tmp_path, [message(number) for number in range(30)])
    files = [str(path) for path in pathlib.Path(events).glob("events/*/*.parquet")]
    span = (0, micros(at(1)))
    once = window.read_batch(files, span, COLUMNS, ())
    both = window.read_batch([*files, *files], span, COLUMNS, ())
    single, none = history_rows(once, span[1], FACTS, 100, 20)
    double, copies = history_rows(both, span[1], FACTS, 100, 20)
    assert single.equals(double)
    assert (none, copies) == (0, 30)
    assert history.build(events, str(tmp_path / "features"), at(1)).copies == 0


def test_events_that_are_erased_meanwhile(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their files are gone under the build's feet: it says so, and puts nothing in place."""
    events = landed(tmp_path, [message(number * 60) for number in range(60)])
    drawn = window.window

    def erased(*arguments: Any) -> window.Window:
        found = drawn(*arguments)
        erasing.erase(events, [f"{3:032x}"])
        return found

    monkeypatch.setattr(window, "window", erased)
    with pytest.raises(ValueError, match="changed while it was read, as when a listener is erased"):
        history.build(events, str(tmp_path / "features"), at(1))
    assert partitions.partitions(str(tmp_path / "features"), "listening_history") == []


def test_many_buckets_are_as_one(
    world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = history.build(world.events, str(tmp_path / "one"), cut(8), world.tracks)
    monkeypatch.setattr(sorting, "buckets_for", lambda rows: 7)
    monkeypatch.setattr(window, "BATCH_ROWS", 500)
    parts = history.build(world.events, str(tmp_path / "seven"), cut(8), world.tracks)
    found = [(pathlib.Path(b.partition.folder) / "table.parquet") for b in (whole, parts)]
    assert found[0].read_bytes() == found[1].read_bytes()


def test_a_track_that_the_table_lacks_has_no_artist() -> None:
    other = "spotify:track:" + "9" * 22
    found = [fields(1), fields(2, track_uri=other)]
    drawn = [
        {"session_id": None, **event, "track_uri": uri}
        for event, uri in zip(found, [next(iter(TRACKS)), other], strict=True)
    ]
    for event in drawn:
        event["listener_id"] = "a" * 32
    table, _ = history_rows(table_of(drawn), MORNING + DAY, FACTS, 100, 20)
    (row,) = rows(table).values()
    assert (row["unknown_share_28d"], row["artists_28d"], row["tracks_28d"]) == (0.5, 1, 2)
    assert row["seed_uris"] == [other, next(iter(TRACKS))]


def test_what_there_is_no_event_of(tmp_path: pathlib.Path) -> None:
    events = landed(tmp_path, [message(1)])
    with pytest.raises(ValueError, match="holds no event from before 2024-03-20T10"):
        history.build(events, str(tmp_path / "features"), at(0))
    with pytest.raises(ValueError, match="not a whole hour"):
        history.build(events, str(tmp_path / "f"), at(1) + datetime.timedelta(minutes=1))
    with pytest.raises(ValueError, match="holds no landed events"):
        history.build(str(tmp_path / "nowhere"), str(tmp_path / "features"))
    assert partitions.partitions(str(tmp_path / "features"), "listening_history") == []

"""Landed events: columns, partitions of other versions, places and manifests."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schema.events import (
    EVENTS,
    KINDS,
    LISTENER_FIELDS,
    EventPlaces,
    LandedFile,
    Manifest,
    OffsetRange,
    hour_in,
    hour_of,
    manifests,
)
from schema.tables import TableError, conform

#: The table as the first version landed it. Partitions with these columns lie on disks.
FIRST_VERSION = {
    "type": pa.string(), "schema_version": pa.string(), "idempotency_key": pa.string(),
    "event_time": pa.timestamp("us", tz="UTC"), "listener_id": pa.string(),
    "session_id": pa.string(), "track_uri": pa.string(), "ms_played": pa.int64(),
    "track_ms": pa.int64(), "source": pa.string(), "request_id": pa.string(),
    "playlist_uri": pa.string(), "followed_listener": pa.string(), "followed_artist": pa.string(),
    "surface": pa.string(), "position": pa.int64(), "model_version": pa.string(),
    "candidate_set": pa.string(), "propensity": pa.float64(), "experiment": pa.string(),
    "arm": pa.string(), "source_partition": pa.int32(), "source_offset": pa.int64(),
}  # fmt: skip
REQUIRED = {
    *("type", "schema_version", "idempotency_key", "event_time", "listener_id"),
    *("source_partition", "source_offset"),
}
ROW = {
    "type": "save", "schema_version": "1.0", "idempotency_key": "k-000001",
    "event_time": 1_795_800_000_000_000, "listener_id": "0" * 32, "track_uri": "t",
    "source_partition": 3, "source_offset": 12,
}  # fmt: skip


def old_table(**columns: pa.DataType) -> pa.Table:
    kinds = {**FIRST_VERSION, **columns}
    return pa.table({name: pa.array([ROW.get(name)], kind) for name, kind in kinds.items()})


def test_columns_are_only_ever_added_and_may_be_null() -> None:
    for name, kind in FIRST_VERSION.items():
        assert EVENTS.field(name).type == kind
        assert EVENTS.field(name).nullable == (name not in REQUIRED)
    added = set(EVENTS.names) - FIRST_VERSION.keys()
    assert all(EVENTS.field(name).nullable for name in added)


def test_every_field_of_every_type_has_a_column() -> None:
    fields = {name for kind in KINDS.values() for name in kind.model_fields}
    assert fields | {"source_partition", "source_offset"} == set(EVENTS.names)
    assert set(LISTENER_FIELDS) < fields


@pytest.mark.parametrize("missing", sorted(FIRST_VERSION.keys() - REQUIRED))
def test_an_old_partition_without_a_column_is_null_there(
    tmp_path: pathlib.Path, missing: str
) -> None:
    path = tmp_path / "hour=2026-11-27T20" / "p0-0-0.parquet"
    path.parent.mkdir()
    pq.write_table(old_table().drop([missing]), path)
    # ParquetFile, since read_table would make a column of the folder's name.
    found = conform(pq.ParquetFile(path).read(), EVENTS)
    assert found.schema == EVENTS
    assert found.column(missing).to_pylist() == [None]
    assert found.column("idempotency_key").to_pylist() == ["k-000001"]


def test_a_newer_partition_is_read_without_what_it_adds() -> None:
    newer = old_table(mood=pa.string())
    assert conform(newer, EVENTS) == conform(old_table(), EVENTS)
    assert conform(newer, EVENTS).schema == EVENTS


def test_columns_of_an_equal_meaning_are_converted() -> None:
    narrow = old_table(
        ms_played=pa.int32(), event_time=pa.timestamp("ms", tz="UTC"), session_id=pa.null()
    )
    table = conform(narrow.set_column(0, "type", narrow.column(0).dictionary_encode()), EVENTS)
    assert table.schema == EVENTS
    assert table.column("type").to_pylist() == ["save"]


def test_old_and_new_partitions_are_read_as_one_table() -> None:
    old, new = old_table().drop(["arm"]), old_table()
    both = pa.concat_tables([conform(old, EVENTS), conform(new, EVENTS)])
    assert both.num_rows == 2
    assert both.schema == EVENTS


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (old_table().drop(["listener_id"]), "listener_id: the column is missing"),
        (
            old_table().set_column(4, "listener_id", pa.array([None], pa.string())),
            "listener_id: 1 rows have no value",
        ),
        (
            old_table().append_column("arm", pa.array(["a"])),
            "arm: the column stands 2 times",
        ),
        (
            old_table().set_column(7, "ms_played", pa.array(["long"])),
            "ms_played: string is no int64",
        ),
    ],
)
def test_a_table_that_cannot_be_read_names_the_column(table: pa.Table, message: str) -> None:
    with pytest.raises(TableError, match=message):
        conform(table, EVENTS)


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        (946_684_800_000_000, "2000-01-01T00"),
        (1_795_833_999_999_999, "2026-11-28T02"),
        (1_795_834_800_000_000, "2026-11-28T03"),
        (1_795_838_399_999_999, "2026-11-28T03"),
        (1_795_838_400_000_000, "2026-11-28T04"),
    ],
)
def test_hours_are_those_of_utc(time: int, hour: str) -> None:
    assert hour_of(time) == hour


def test_places_sort_as_offsets_do() -> None:
    places = EventPlaces("landed")
    covered = OffsetRange(2, 999, 10_000)
    stem = "p2-00000000000000000999-00000000000000010000"
    assert places.events("2026-11-28T03", covered) == f"events/hour=2026-11-28T03/{stem}.parquet"
    assert places.dead_letters(covered) == f"dead_letters/{stem}.parquet"
    assert places.manifest(covered) == f"manifests/{stem}.json"
    assert OffsetRange(2, 1_000, 1_000).stem > covered.stem
    assert OffsetRange.of(f"{stem}.parquet") == OffsetRange.of(stem) == covered
    assert OffsetRange.of(f".{stem}.parquet") is None
    assert OffsetRange.of("p2-1-2.parquet") is None
    path = places.path(places.events("2026-11-28T03", covered))
    assert hour_in(path) == "2026-11-28T03"
    assert hour_in(places.manifests) is None


def test_manifests_come_by_partition_and_offset(tmp_path: pathlib.Path) -> None:
    places = EventPlaces(str(tmp_path))
    assert list(manifests(places)) == []
    (tmp_path / "manifests").mkdir()
    written = []
    for partition, first, last in ((1, 0, 4), (0, 20, 29), (0, 3, 19)):
        manifest = Manifest(
            partition=partition,
            first=first,
            last=last,
            events=(LandedFile(path="events/x.parquet", rows=2, hour="2026-11-28T03"),),
            refused={"not_json": 1},
        )
        path = pathlib.Path(places.path(places.manifest(manifest.covered)))
        path.write_text(manifest.model_dump_json())
        written.append(manifest)
    (tmp_path / "manifests" / ".partial-p0-1-2.json").write_text("{")
    assert list(manifests(places)) == [written[2], written[1], written[0]]
    path.write_text('{"partition": 0}')
    with pytest.raises(ValueError, match="is no manifest: Field required"):
        list(manifests(places))

"""Who is asked for: every row is sound or set aside with a reason, and none is lost."""

from __future__ import annotations

import datetime
import pathlib
from collections import Counter
from typing import Any

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from listening.features import sorting
from listening.recommending import audience
from schema.tables import AUDIENCE, SET_ASIDE_REASONS, TableError
from tests.listening.recommending.making import CUT, artist, listener, put, uri

ROWS = [
    ({"listener_id": listener(2), "market": "DE", "explicit": False}, None),
    ({"listener_id": listener(1), "blocked_tracks": [uri(1)]}, None),
    ({"listener_id": listener(2)}, "repeated"),
    ({"listener_id": "ABCDEF01" * 4}, "not_a_pseudonym"),
    ({"listener_id": None, "market": "x"}, "not_a_pseudonym"),
    ({"listener_id": listener(3), "market": "de"}, "not_a_market"),
    ({"listener_id": listener(3), "blocked_tracks": [uri(1), artist(1)]}, "not_a_uri"),
    ({"listener_id": listener(3), "blocked_artists": ["ABBA"]}, "not_a_uri"),
    ({"listener_id": listener(3), "blocked_artists": []}, None),
]


def write(path: pathlib.Path, rows: list[dict[str, Any]]) -> str:
    loose = pa.schema([field.with_nullable(True) for field in AUDIENCE])
    pq.write_table(pa.Table.from_pylist(rows, loose), path / "listeners.parquet")
    return str(path / "listeners.parquet")


def sorted_out(path: str, scratch: pathlib.Path) -> tuple[list[pa.Table], pa.Table]:
    """Sound rows by bucket, and those set aside."""
    _, buckets, runs, aside = audience.sort(path, str(scratch))
    parts, asides = [], [aside]
    for bucket in range(buckets if runs else 0):
        kept, again = audience.once_each(sorting.read_bucket(runs, bucket))
        parts.append(kept)
        asides.append(again)
    return parts, pa.concat_tables(asides).sort_by("row")


@pytest.mark.parametrize("size", [2, 50_000])
def test_each_row_is_sound_or_has_a_reason(
    size: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "BATCH_ROWS", size)
    monkeypatch.setattr(audience, "BUCKET_ROWS", size)
    path = write(tmp_path, [row for row, _ in ROWS])
    parts, aside = sorted_out(path, tmp_path)
    kept = pa.concat_tables(parts)
    assert kept.column("listener_id").to_pylist() == [listener(n) for n in (1, 2, 3)]
    assert kept.column("row").to_pylist() == [1, 0, 8]
    assert aside.to_pylist() == [
        {"row": place, "reason": reason} for place, (_, reason) in enumerate(ROWS) if reason
    ]
    assert {reason for _, reason in ROWS if reason} < SET_ASIDE_REASONS.keys()


@hypothesis.settings(
    max_examples=40, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "listener_id": st.none() | st.text() | st.integers(0, 5).map(listener),
                "market": st.none() | st.text() | st.sampled_from(["DE", "US"]),
                "blocked_tracks": st.none() | st.lists(st.text() | st.just(uri(1)), max_size=2),
            }
        ),
        max_size=12,
    )
)
def test_none_is_lost(rows: list[dict[str, Any]], tmp_path: pathlib.Path) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    parts, aside = sorted_out(write(tmp_path, rows), tmp_path)
    kept = [row for part in parts for row in part.column("row").to_pylist()]
    places = kept + aside.column("row").to_pylist()
    assert sorted(places) == list(range(len(rows)))
    names = Counter(rows[place]["listener_id"] for place in kept)
    assert set(names.values()) <= {1}


def test_where_an_audience_may_lie(tmp_path: pathlib.Path) -> None:
    rows = [{"listener_id": listener(n), "segment": "casual"} for n in range(3)]
    put(tmp_path / "features", "segments", rows)
    path = audience.table_of(str(tmp_path / "features" / "segments"), CUT)
    assert [part.num_rows for part in sorted_out(path, tmp_path)[0]] == [3]
    assert audience.table_of(path, CUT) == path
    assert audience.table_of(str(pathlib.Path(path).parent), CUT) == path
    for wrong in (tmp_path, tmp_path / "features" / "heard", tmp_path / "features" / "tracks"):
        with pytest.raises(ValueError, match="is no table of listeners: expected a Parquet file"):
            audience.table_of(str(wrong), CUT)
    pq.write_table(pa.table({"id": ["x"]}), tmp_path / "other.parquet")
    with pytest.raises(TableError, match="listener_id: the column is missing"):
        audience.sort(str(tmp_path / "other.parquet"), str(tmp_path))
    pq.write_table(pa.table({"listener_id": [1.5]}), tmp_path / "other.parquet")
    assert sorted_out(str(tmp_path / "other.parquet"), tmp_path)[1].num_rows == 1


def test_a_day_in_the_past_asks_who_was_known_then(tmp_path: pathlib.Path) -> None:
    """Of two cuts that of the features counts, and the one before it where there is none."""
    day = datetime.timedelta(days=1)
    for number, cut in enumerate((CUT, CUT + 2 * day), 1):
        rows = [{"listener_id": listener(n), "segment": "casual"} for n in range(number)]
        put(tmp_path / "features", "segments", rows, cut)
    path = str(tmp_path / "features" / "segments")
    counts = [
        pq.read_metadata(audience.table_of(path, cut)).num_rows
        for cut in (CUT, CUT + day, CUT + 2 * day, CUT + 3 * day)
    ]
    assert counts == [1, 1, 2, 2]
    with pytest.raises(ValueError, match="no listeners as of 2024-03-19T00 or before, only as of"):
        audience.table_of(path, CUT - day)

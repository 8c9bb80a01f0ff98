"""Small views for tests of stores."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Mapping, Sequence

import pyarrow as pa

from listening.features import partitions
from listening.store import EVENT_TIME, FeatureStore
from schema.side_tables import write_side_table
from schema.tables import SEGMENTS, SOCIAL_GRAPH, TRACK_VECTORS

UTC = datetime.timezone.utc


def day(number: int, hour: int = 0) -> datetime.datetime:
    """An hour of a day of November 2017."""
    return datetime.datetime(2017, 11, number, hour, tzinfo=UTC)


def listener(number: int) -> str:
    """A pseudonym."""
    return f"{number:032x}"


def segments(rows: Mapping[int, str]) -> pa.Table:
    """The segment of listeners, by number."""
    made = [
        {"listener_id": listener(one), "segment": rows[one], "since": day(1), "why": "a rule"}
        for one in sorted(rows)
    ]
    return pa.Table.from_pylist(made, SEGMENTS)


def vectors(rows: Mapping[str, Sequence[float]], model: str) -> pa.Table:
    """Vectors of tracks."""
    made = [
        {"track_uri": uri, "model_version": model, "vector": list(rows[uri])}
        for uri in sorted(rows)
    ]
    return pa.Table.from_pylist(made, TRACK_VECTORS)


def ties(*pairs: tuple[int, int]) -> pa.Table:
    """Whom listeners follow: counts, numbers that may be missing, lists, some of them empty."""
    rows = [
        {
            **{"listener_id": listener(one), "following": one, "followers": 0, "mutual": 0},
            **{"following_artists": 0, "mean_similarity": None, "best_similarity": 1 / 3},
            **{"neighbours": [listener(two)], "similarities": [0.1], "followed_artists": []},
        }
        for one, two in pairs
    ]
    return pa.Table.from_pylist(rows, SOCIAL_GRAPH)


def timed(rows: pa.Table, times: Sequence[datetime.datetime]) -> pa.Table:
    """Rows to push."""
    kind = pa.timestamp("us", tz="UTC")
    return rows.append_column(pa.field(EVENT_TIME, kind, nullable=False), pa.array(times, kind))


def build(features: pathlib.Path, view: str, as_of: datetime.datetime, rows: pa.Table) -> None:
    """Puts a partition in place as `segue features build` does, but for the checks of its rows."""
    with partitions.building(str(features), view, as_of) as draft:
        write_side_table(draft.folder, view, rows, as_of)


def asked(rows: Sequence[tuple[int, datetime.datetime]]) -> pa.Table:
    """Listeners at times."""
    return pa.table(
        {
            "listener_id": [listener(one) for one, _ in rows],
            EVENT_TIME: pa.array([time for _, time in rows], pa.timestamp("us", tz="UTC")),
        }
    )


def both(store: FeatureStore) -> list[str | None]:
    """The segments of 1 and 2, which are served as they are joined."""
    found = store.read("segments", [listener(1), listener(2)]).column("segment").to_pylist()
    joined = store.join("segments", asked([(1, day(9)), (2, day(9))]))
    assert joined.column("segment").to_pylist() == found
    return found

"""Small tables of tracks, listeners and partitions of features, by hand."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from listening.features import partitions
from listening.recommending.blocklist import Blocklist
from listening.recommending.inputs import Inputs, inputs
from listening.recommending.people import Person
from listening.recommending.picking import Rules
from listening.recommending.policies import Policy
from listening.recommending.popularity import Popularity
from listening.recommending.releases import Releases
from listening.recommending.sources import Sources
from listening.recommending.tracks import Tracks
from schema.side_tables import TABLE_FILE, describe_side_table
from schema.tables import FEATURE_VIEWS, TRACKS, conform

DAY = datetime.date(2024, 3, 20)
_GROUP = 3  # rows of a partition's row group
CUT = datetime.datetime(2024, 3, 20, tzinfo=datetime.timezone.utc)


def uri(number: int) -> str:
    return f"spotify:track:{number:022d}"


def artist(number: int) -> str:
    return f"spotify:artist:{number:022d}"


def listener(number: int) -> str:
    return f"{number:032x}"


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table of tracks: what a row does not say follows from its place."""
    full = [
        {
            "track_uri": uri(number),
            "track_name": f"Track {number}",
            "artist_uri": artist(number),
            "artist_name": f"Artist {number}",
            "duration_ms": 1,
            "explicit": False,
            "markets": ["DE", "US"],
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return conform(pa.Table.from_pylist(full, TRACKS), TRACKS)


def tracks(*rows: Mapping[str, Any]) -> Tracks:
    return Tracks(table(rows))


def policy(**fields: Any) -> Policy:
    shelf = {"name": "all", "title": "All", "sources": ["model"], "most": 10}
    return Policy.model_validate({"name": "policy", "shelves": [shelf], **fields})


def shelf(*sources: str, name: str = "all", most: int = 10, **fields: Any) -> dict[str, Any]:
    return {"name": name, "title": name, "sources": sources, "most": most, **fields}


def nothing_new(of: Tracks) -> Releases:
    none = np.empty(0, np.int64)
    return Releases(DAY, of, none, np.empty(0, "S32"), np.zeros(1, np.int64), none)


def sources(
    person: Person,
    best: Sequence[int],
    of: Tracks,
    *,
    vectors: np.ndarray | None = None,
    popular: Mapping[str | None, Sequence[int]] | None = None,
    releases: Releases | None = None,
) -> Sources:
    """Sources of a model that knows all tracks."""
    orders = {name: np.array(order, np.int64) for name, order in (popular or {}).items()}
    return Sources(
        person=person,
        best=np.array(best, np.int64),
        known=np.ones(len(of), bool),
        vectors=vectors,
        tracks=of,
        popularity=Popularity(orders),
        releases=releases or nothing_new(of),
    )


def rules(of: Tracks, blocked: Blocklist | None = None) -> Rules:
    return Rules(of, DAY, blocked or Blocklist())


def put(
    root: pathlib.Path,
    view: str,
    rows: Sequence[Mapping[str, Any]],
    cut: datetime.datetime = CUT,
) -> None:
    """Writes a partition as of a cut: what a row does not say is 0, or nothing."""
    schema = FEATURE_VIEWS[view].schema
    columns = [pa.array([row.get(f.name, _blank(f)) for row in rows], f.type) for f in schema]
    with partitions.building(str(root), view, cut) as draft:
        path = pathlib.Path(draft.folder, TABLE_FILE)
        pq.write_table(pa.table(columns, schema=schema), path, row_group_size=_GROUP)
        describe_side_table(draft.folder, view, cut)


def found(root: pathlib.Path, day: datetime.date | None = None) -> Inputs:
    return inputs(str(root), day)


def _blank(field: pa.Field) -> Any:
    if field.nullable:
        return None
    if pa.types.is_list(field.type):
        return []
    if pa.types.is_timestamp(field.type):
        return CUT
    return "" if pa.types.is_string(field.type) else 0

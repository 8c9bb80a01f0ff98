"""Features as they were known at past times: DuckDB finds the rows, Arrow takes them.

DuckDB answers with files and places in them alone, so that what is joined has the types and the
bits of what was built.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Final, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from listening.store.port import EVENT_TIME
from listening.store.views import TIME, asked, beside
from schema.tables import FeatureView, conform

#: Of DuckDB; what does not fit waits on the disk.
_MEMORY: Final = "1GB"

_MATCH: Final = """
WITH features AS (
  SELECT r.{key} AS key, coalesce(f.time, {pushed}) AS time, f.number AS file,
    r.file_row_number AS place
  FROM read_parquet($paths, filename = true, file_row_number = true, union_by_name = true) r
  JOIN files f ON r.filename = f.path
), known AS (
  SELECT * FROM features
  QUALIFY row_number() OVER (PARTITION BY key, time ORDER BY file DESC, place DESC) = 1
)
SELECT e.number AS entity, k.file AS file, k.place AS place, k.time AS time
FROM read_parquet($entities) e ASOF JOIN known k ON e.key = k.key AND e.time >= k.time
"""


class Source(NamedTuple):
    """A file of features.

    Attributes:
        path: of Parquet.
        time: of all its rows, in microseconds since 1970; None where each has its own.
    """

    path: str
    time: int | None


def joined(
    view: FeatureView, sources: Sequence[Source], entities: pa.Table, within: int | None
) -> pa.Table:
    """Joins entities with what was known of them.

    Args:
        view: of the features.
        sources: where two hold a key as of one time, the later one counts.
        entities: with the view's key and `event_timestamp`.
        within: microseconds that features may be old; None: of any age.

    Raises:
        ValueError: a column of the entities is missing or of another type, or named as one of the
            view's is.
    """
    keys, times = asked(view, entities)
    number, places = len(sources), np.full(entities.num_rows, -1, np.int64)
    files, when = places.copy(), np.zeros(entities.num_rows, np.int64)
    if number and entities.num_rows:
        found = _matches(view, sources, keys, times)
        young = np.ones(len(found["entity"]), bool)
        if within is not None:
            then = np.asarray(times.cast(pa.int64()))[found["entity"]]
            young = then - found["time"] <= within
        rows = found["entity"][young]
        files[rows], places[rows] = found["file"][young], found["place"][young]
        when[rows] = found["time"][young]
    features = _taken(view, sources, files, places)
    instants = pa.array(when, pa.int64(), mask=files < 0).cast(TIME)
    return beside(view, entities, features, instants)


def _matches(
    view: FeatureView, sources: Sequence[Source], keys: pa.Array, times: pa.Array
) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "entities.parquet")
        numbers = pa.array(np.arange(len(keys)))
        pq.write_table(
            pa.table({"number": numbers, "key": keys, "time": times.cast(pa.int64())}), path
        )
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY,
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("CREATE TABLE files (path VARCHAR, number BIGINT, time BIGINT)")
            connection.executemany(
                "INSERT INTO files VALUES (?, ?, ?)",
                [(each.path, number, each.time) for number, each in enumerate(sources)],
            )
            own = any(each.time is None for each in sources)
            query = _MATCH.format(
                key=view.key,
                pushed=f"epoch_us(r.{EVENT_TIME})" if own else "NULL",
            )
            asked_for = {"paths": [each.path for each in sources], "entities": path}
            found = connection.execute(query, asked_for).fetchnumpy()
    return {name: np.asarray(column, np.int64) for name, column in found.items()}


def _taken(
    view: FeatureView, sources: Sequence[Source], files: np.ndarray, places: np.ndarray
) -> pa.Table:
    """Rows by file and place, in the order in which they are asked for; nulls for none."""
    parts, order = [], []
    for number in np.unique(files):
        rows = np.flatnonzero(files == number)
        order.append(rows)
        if number < 0:
            empty = [pa.nulls(len(rows), field.type) for field in view.schema]
            parts.append(pa.table(empty, schema=_nullable(view)))
            continue
        table = conform(pq.read_table(sources[number].path), view.schema)
        parts.append(table.take(pa.array(places[rows])).cast(_nullable(view)))
    if not parts:
        return _nullable(view).empty_table()
    back = np.argsort(np.concatenate(order), kind="stable")
    return pa.concat_tables(parts).take(pa.array(back))


def _nullable(view: FeatureView) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in view.schema])

"""A small world with listeners, whose events have landed."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from listening.events import DirectorySource, land
from pipeline.cli.main import app
from tests.listening.features import reference

UTC = datetime.timezone.utc


@dataclasses.dataclass(frozen=True)
class World:
    """Where it lies, and its raw events."""

    folder: pathlib.Path
    events: str
    tracks: str
    follows: str
    raw: pd.DataFrame

    @property
    def facts(self) -> dict[str, tuple[str, list[str]]]:
        columns = ["track_uri", "artist_uri", "genres"]
        rows = pq.read_table(self.tracks, columns=columns).to_pylist()
        return {row["track_uri"]: (row["artist_uri"], row["genres"]) for row in rows}

    @property
    def ties(self) -> list[tuple[str, str | None, str | None, int | None]]:
        table = pq.read_table(self.follows)
        since = table.column("since").cast(pa.int64()).to_pylist()
        names = ("listener_id", "followed_listener", "followed_artist")
        return list(zip(*(table.column(name).to_pylist() for name in names), since, strict=True))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    size = ("--playlists", "100", "--listeners", "60", "--days", "10", "--seed", "5")
    done = CliRunner().invoke(app, ["sample", *size, "--output", str(folder)])
    assert done.exit_code == 0, done.output
    events = str(folder / "landed")
    land(events, DirectorySource(str(folder / "events")))
    return World(
        folder=folder,
        events=events,
        tracks=str(folder / "tracks.parquet"),
        follows=str(folder / "follows.parquet"),
        raw=reference.raw_events(folder / "events"),
    )


def cut(day: int, hour: int = 0) -> datetime.datetime:
    """An hour of a day of the world, whose first day is 1."""
    return datetime.datetime(2017, 11, day, hour, tzinfo=UTC)


def micros(when: datetime.datetime) -> int:
    return round(when.timestamp() * 1_000_000)


def rows(table: pa.Table, key: str = "listener_id") -> dict[str, dict[str, object]]:
    """Rows by key, times in microseconds."""
    plain = {}
    for name in table.schema.names:
        column = table.column(name).combine_chunks()
        kind = column.type
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.int64())
        elif pa.types.is_list(kind) and pa.types.is_timestamp(kind.value_type):
            column = column.cast(pa.list_(pa.int64()))
        plain[name] = column.to_pylist()
    names = [name for name in plain if name != key]
    return {
        each: {name: plain[name][place] for name in names} for place, each in enumerate(plain[key])
    }

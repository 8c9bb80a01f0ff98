"""Whatever happens at a cut or later changes no byte of any view as of it."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import pathlib
import shutil
import time
from typing import Any

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from listening import segments
from listening.events import DirectorySource, land
from listening.features import audio, heard, history, partitions, social
from schema.tables import FOLLOWS
from tests.listening.events.making import DAY, message, write
from tests.listening.features.conftest import World, cut, micros

WHEN = cut(10)
RULES = pathlib.Path(__file__).parents[3] / "configs" / "segments"
VIEWS = ("listening_history", "heard", "social_graph", "segments", "audio_embeddings")
#: Listeners and tracks of the world, by their place, and others.
ANY = st.integers(0, 40)
LATER = st.fixed_dictionaries(
    {
        "after": st.integers(0, 3 * DAY) | st.sampled_from([0, 1]),
        "listener": ANY,
        "track": ANY,
        "type": st.sampled_from(["stream", "skip", "save", "playlist_add", "follow"]),
        "copies": st.none() | ANY,
        "other": ANY,
    }
)


@dataclasses.dataclass(frozen=True)
class Built:
    """Views as of a cut, what they were built of, and a digest of each of their files."""

    world: World
    folder: pathlib.Path
    content: dict[str, str]


@pytest.fixture(scope="module")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """As of the cut, of the events that had happened by then and nothing else."""
    folder = tmp_path_factory.mktemp("before")
    source, names = folder / "source", sorted((world.folder / "events").glob("*.jsonl"))
    source.mkdir()
    for path in names:
        # A day's file has what arrived on it, so some of it happened the day before.
        if path.stem < "events-2017-11-10":
            shutil.copy(path, source)
    land(str(folder / "events"), DirectorySource(str(source)))
    for name in ("tracks", "follows", "audio"):
        shutil.copy(world.folder / f"{name}.parquet", folder)
    return Built(world, folder, build(folder))


def build(folder: pathlib.Path) -> dict[str, str]:
    """Builds all views as of the cut; a digest of each of their files."""
    features, events = str(folder / "features"), str(folder / "events")
    tracks = str(folder / "tracks.parquet")
    history.build(events, features, WHEN, tracks)
    heard.build(events, features, WHEN)
    social.build(events, features, tracks, WHEN, str(folder / "follows.parquet"))
    segments.build(features, str(RULES), WHEN)
    table = str(folder / "audio.parquet")
    audio.build_from_tables([table], features, WHEN, tracks=tracks)
    found = {}
    for view in VIEWS:
        partition = partitions.at(features, view, WHEN)
        for path in pathlib.Path(partition.folder).iterdir():
            name = f"{view}/{partition.version}/{path.name}"
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


#: An example takes seconds, so a failing one is not made smaller.
PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate)


@hypothesis.settings(max_examples=2, deadline=None, phases=PHASES)
@hypothesis.given(st.lists(LATER, min_size=20, max_size=80))
def test_later_events_ties_and_tracks(built: Built, drawn: list[dict[str, Any]]) -> None:
    """Events of all types, copies that say that they happened later, follows, and new tracks."""
    kept = built.folder.with_name("kept")
    if not kept.exists():
        shutil.copytree(built.folder, kept)
    shutil.rmtree(built.folder)
    shutil.copytree(kept, built.folder)  # in its place, since a source is known by it
    later(built.world, built.folder, drawn)
    assert build(built.folder) == built.content


def later(world: World, folder: pathlib.Path, drawn: list[dict[str, Any]]) -> None:
    """Lands events, and adds rows to the tables of follows, tracks and audio."""
    people = sorted(world.raw.listener_id.unique())[:30] + [f"{n:032x}" for n in range(11)]
    known = pq.read_table(folder / "tracks.parquet").column("track_uri").to_pylist()[:30]
    songs = known + [f"spotify:track:{'New' + str(n):0>22}" for n in range(11)]
    keys = world.raw[world.raw.event_time < micros(WHEN)].idempotency_key.tolist()
    lines = [event(number, each, people, songs, keys) for number, each in enumerate(drawn)]
    write(folder / "source", "later", lines)
    # Landing tells copies for some days; a month later features have to.
    month = time.time_ns() // 1000 + 30 * DAY
    counts = land(
        str(folder / "events"), DirectorySource(str(folder / "source")), clock=lambda: month
    )
    assert counts.landed == len({json.loads(line)["idempotency_key"] for line in lines})
    kind = FOLLOWS.field("since").type
    ties = [
        {
            "listener_id": people[each["listener"]],
            "followed_listener": people[each["other"]],
            "followed_artist": None,
            "since": pa.scalar(micros(WHEN) + each["after"], pa.int64()).cast(kind).as_py(),
        }
        for each in drawn
    ]
    add(folder / "follows.parquet", ties)
    day = WHEN.date()
    fresh = [
        {
            "track_uri": uri,
            "track_name": "New",
            "artist_uri": f"spotify:artist:{number:022d}",
            "artist_name": "Anybody",
            "duration_ms": 200_000,
            "genres": ["a genre before all others"],
            "release_date": day + datetime.timedelta(days=number % 3),
        }
        for number, uri in enumerate(songs[30:])
    ]
    add(folder / "tracks.parquet", fresh)
    sound = [{"track_uri": row["track_uri"], "energy": 1.0, "tempo": 250.0} for row in fresh]
    add(folder / "audio.parquet", sound)


def event(
    number: int, drawn: dict[str, Any], people: list[str], songs: list[str], keys: list[str]
) -> bytes:
    copied = drawn["copies"]
    fields = {
        "type": drawn["type"],
        "event_time": micros(WHEN) + drawn["after"],
        "idempotency_key": f"later-{number:08d}" if copied is None else keys[copied],
        "listener_id": people[drawn["listener"]],
        "track_uri": songs[drawn["track"]],
    }
    if drawn["type"] == "follow":
        fields |= {"track_uri": None, "followed_listener": people[drawn["other"]]}
    if drawn["type"] == "playlist_add":
        fields |= {"playlist_uri": f"spotify:playlist:{number:022d}"}
    return message(number, **fields)


def add(path: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, pa.Table.from_pylist(rows, table.schema)]), path)

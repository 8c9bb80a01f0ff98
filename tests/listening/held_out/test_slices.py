"""The slices of a small world: nothing leaks over the cut, and everything is counted."""

from __future__ import annotations

import dataclasses
import gzip
import json
import pathlib
import shutil
from collections import Counter
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from components.ingest.job import ingest
from listening.events import DirectorySource, land
from listening.features import partitions
from listening.held_out import MANIFEST, erasing, sides
from pipeline.cli.main import app
from schema.features import LISTENER_COLUMNS
from schema.side_tables import TABLE_FILE, describe_side_table
from schema.splits import FITTED, HELD_OUT
from tests.listening.features import reference
from tests.listening.features.conftest import World

CUT, UNTIL = "2017-11-08T00", "2017-11-11T00"


def call(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["segments", *words, "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclasses.dataclass(frozen=True)
class Slices:
    """What a world's listeners were written to, and with what."""

    world: World
    features: str
    out: pathlib.Path
    status: dict[str, Any]

    def asked(self, out: pathlib.Path, *more: str, until: str = UNTIL) -> list[str]:
        world = self.world
        places = ("--events", world.events, "--features", self.features, "--tracks", world.tracks)
        return ["slices", *places, "--cut", CUT, "--until", until, "--out", str(out), *more]

    @property
    def history(self) -> set[str]:
        """Who is known as of the cut."""
        cut = partitions.cut_of(CUT)
        found = partitions.read(self.features, "listening_history", cut).column("listener_id")
        return set(found.to_pylist())

    @property
    def segments(self) -> dict[str, str]:
        table = partitions.read(self.features, "segments", partitions.cut_of(CUT))
        names = ("listener_id", "segment")
        return dict(zip(*(table.column(name).to_pylist() for name in names), strict=True))

    @property
    def records(self) -> list[dict[str, Any]]:
        paths = sorted(self.out.glob("mpd.slice.listeners-*"))
        found = [json.loads(gzip.decompress(path.read_bytes()))["playlists"] for path in paths]
        return [record for records in found for record in records]


@pytest.fixture(scope="module")
def slices(world: World, tmp_path_factory: pytest.TempPathFactory) -> Slices:
    folder = tmp_path_factory.mktemp("slices")
    features = str(folder / "features")
    places = ("--events", world.events, "--tracks", world.tracks, "--features", features)
    done = CliRunner().invoke(
        app, ["features", "build", "listening_history", *places, "--as-of", CUT]
    )
    assert done.exit_code == 0, done.output
    call("build", "--features", features)
    made = Slices(world, features, folder / "out", {})
    status = call(*made.asked(made.out, "--playlists", str(world.folder)))
    return dataclasses.replace(made, status=status)


@pytest.fixture(scope="module")
def cut() -> int:
    return int(pd.Timestamp(f"{CUT}:00Z").value // 1_000)


def uris(record: dict[str, Any]) -> list[str]:
    return [track["track_uri"] for track in record["tracks"]]


def by_listener(slices: Slices, splits: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Records of these splits by pseudonym, which only who has it can find."""
    numbers = {
        sides.pid(listener, split): listener
        for listener in slices.world.raw.listener_id.unique()
        for split in splits
    }
    found = [r for r in slices.records if r["listener"]["split"] in splits]
    listeners = [numbers[record["pid"]] for record in found]
    assert len(set(listeners)) == len(listeners)  # one row a listener
    return dict(zip(listeners, found, strict=True))


def plays(slices: Slices, until: int) -> pd.DataFrame:
    known = reference.before(slices.world.raw, until)
    known = known[known.type.isin(["stream", "skip"])]
    return known.sort_values(["event_time", "track_uri"], kind="stable")


def test_what_is_fitted_to_ends_at_the_cut(slices, cut):
    """The tracks of train and stop are all streams before the cut, in order, and no other."""
    known = plays(slices, cut)
    streams = known[known.type == "stream"].groupby("listener_id").track_uri.agg(list).to_dict()
    found = by_listener(slices, FITTED)
    assert {listener: uris(record) for listener, record in found.items()} == streams
    assert all(len(r["tracks"]) == r["listener"]["seen"] for r in found.values())
    # By this a card tells until when the data of a model goes.
    assert {record["modified_at"] for record in slices.records} == {cut // 1_000_000 - 1}


def test_what_is_held_out_is_new_and_happened_from_the_cut_on(slices, cut):
    until = int(pd.Timestamp(f"{UNTIL}:00Z").value // 1_000)
    everything = plays(slices, until)
    past, future = (
        everything[everything.event_time < cut],
        everything[everything.event_time >= cut],
    )
    known = past.groupby("listener_id").track_uri.agg(set).to_dict()
    seeds = past[past.type == "stream"].groupby("listener_id").track_uri.agg(list).to_dict()
    expected = {}
    for listener, own in future[future.type == "stream"].groupby("listener_id"):
        new = [uri for uri in own.track_uri.drop_duplicates() if uri not in known.get(listener, ())]
        # Who did nothing before the cut is in no segment.
        if new and listener in slices.history:
            expected[listener] = (seeds.get(listener, []), new)
    found = {
        listener: (uris(r)[: r["listener"]["seen"]], uris(r)[r["listener"]["seen"] :])
        for listener, r in by_listener(slices, HELD_OUT).items()
    }
    assert found == expected
    assert len(found) > 20


def test_features_and_segments_are_as_of_the_cut(slices, cut):
    expected = reference.history(slices.world.raw, cut, slices.world.facts)
    for records in (by_listener(slices, FITTED), by_listener(slices, HELD_OUT)):
        for listener, record in records.items():
            row = expected[listener]
            wanted = [row[name] for name in LISTENER_COLUMNS]
            assert record["listener"]["features"] == pytest.approx(wanted, nan_ok=True)
            assert record["listener"]["segment"] == slices.segments[listener]


def test_what_happens_later_changes_nothing_but_first_plays(slices, tmp_path):
    """One day less to look for first plays: train, seeds and features are the same bytes."""
    call(*slices.asked(tmp_path / "out", until="2017-11-10T00"))
    shorter = dataclasses.replace(slices, out=tmp_path / "out")
    assert by_listener(shorter, FITTED) == by_listener(slices, FITTED)
    now, before = by_listener(slices, HELD_OUT), by_listener(shorter, HELD_OUT)
    assert before.keys() < now.keys() or before != now
    for listener, record in before.items():
        longer = now[listener]
        seen = record["listener"]["seen"]
        assert record["listener"] == longer["listener"]
        assert uris(longer)[: len(record["tracks"])] == uris(record)
        assert uris(longer)[:seen] == uris(record)[:seen]


def test_names_come_from_the_table_of_tracks(slices):
    rows = {row["track_uri"]: row for row in pq.read_table(slices.world.tracks).to_pylist()}
    for record in slices.records[:20]:
        for track in record["tracks"]:
            row = rows[track["track_uri"]]
            assert track["artist_name"] == row["artist_name"]
            assert track["duration_ms"] == row["duration_ms"]


def test_what_is_told_adds_up(slices):
    status = slices.status
    splits = Counter(record["listener"]["split"] for record in slices.records)
    assert status["records"] == {split: splits[split] for split in (*FITTED, *HELD_OUT)}
    for split in splits:
        own = [r for r in slices.records if r["listener"]["split"] == split]
        assert status["entries"][split] == sum(len(r["tracks"]) for r in own)
        assert sum(each[split] for each in status["segments"].values()) == len(own)
    assert status["playlists"] == 100
    manifest = json.loads((slices.out / "slices.manifest").read_text())
    assert manifest["records"] == status["records"]


def test_each_listener_has_a_record_or_is_counted(slices, cut, tmp_path):
    """One of each kind: not known, without a segment, known without anything to learn or find."""
    early = plays(slices, cut)
    known = sorted(set(early[early.type == "skip"].listener_id) & set(slices.segments))
    silent, unsorted = known[:2]
    world = dataclasses.replace(slices.world, events=str(tmp_path / "landed"))
    (tmp_path / "raw").mkdir()
    for path in (world.folder / "events").glob("*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if silent.encode() not in line or b'"stream"' not in line]
        (tmp_path / "raw" / path.name).write_bytes(b"".join(kept))
    land(world.events, DirectorySource(str(tmp_path / "raw")))
    features = str(tmp_path / "features")
    shutil.copytree(slices.features, features)
    when = partitions.cut_of(CUT)
    segments = partitions.read(features, "segments", when)
    with partitions.building(features, "segments", when) as draft:
        others = segments.filter(pc.not_equal(segments.column("listener_id"), unsorted))
        pq.write_table(others, pathlib.Path(draft.folder, TABLE_FILE))
        describe_side_table(draft.folder, "segments", when)
    changed = dataclasses.replace(slices, world=world, features=features, out=tmp_path / "out")
    status = call(*changed.asked(changed.out))
    left_out = status["left_out"]
    assert left_out["listeners_without_streams_or_first_plays"] == 1
    assert left_out["listeners_without_a_segment"] == 1
    own = early[(early.listener_id == unsorted) & (early.type == "stream")]
    assert left_out["streams_of_listeners_without_a_segment"] == len(own)
    recorded = {*by_listener(changed, FITTED), *by_listener(changed, HELD_OUT)}
    counted = sum(n for what, n in left_out.items() if what.startswith("listeners_"))
    assert status["listeners"] == len(recorded) + counted


def test_ingest_takes_every_record_where_it_says(slices, tmp_path):
    result = ingest(str(slices.out), str(tmp_path / "records"))
    assert result.rejects == {}
    assert result.left_out == {}
    assert result.playlists == sum(slices.status["records"].values()) + 100
    assert result.tracks > sum(slices.status["entries"].values())


def test_the_same_bytes_again_and_in_place_of_the_last_ones(slices, tmp_path):
    out = tmp_path / "out"
    contents = []
    for _ in range(2):
        call(*slices.asked(out))
        contents.append({p.name: p.read_bytes() for p in out.iterdir() if p.name != ".lock"})
    assert contents[0] == contents[1]
    listeners = {n: p.read_bytes() for p in slices.out.glob("*listeners*") for n in [p.name]}
    assert {n: b for n, b in contents[0].items() if "listeners" in n} == listeners
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_what_is_not_ours_stays(slices, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    found = call(*slices.asked(tmp_path / "out"), code=1)
    assert "holds other things, such as mine.txt" in found["error"]
    assert [p.name for p in (tmp_path / "out").iterdir() if p.name != ".lock"] == ["mine.txt"]


def test_playlists_that_changed_later_stay_behind(slices, tmp_path, cut):
    data = tmp_path / "data"
    data.mkdir()
    track = {"track_uri": "spotify:track:" + "a" * 22}
    times = {1: cut // 10**6 - 1, 2: cut // 10**6, 3: None, 4: str(cut // 10**6 + 5), 5: "x"}
    playlists = [{"pid": pid, "modified_at": t, "tracks": [track]} for pid, t in times.items()]
    (data / "mpd.slice.0-9.json").write_text(json.dumps({"playlists": playlists}))
    found = call(*slices.asked(tmp_path / "out", "--playlists", str(data)))
    assert found["playlists"] == 3
    assert found["playlists_without_modified_at"] == 1
    assert found["left_out"]["playlists_changed_at_the_cut_or_later"] == 2
    (path,) = (tmp_path / "out").glob("*playlists*")
    kept = json.loads(gzip.decompress(path.read_bytes()))["playlists"]
    assert kept == [playlists[0], playlists[2], playlists[4]]


def test_listeners_are_no_playlists(slices, tmp_path):
    found = call(*slices.asked(tmp_path / "out", "--playlists", str(slices.out)), code=1)
    assert "holds listeners" in found["error"]


def test_features_have_to_be_as_of_the_cut(slices, tmp_path):
    asked = slices.asked(tmp_path / "out")
    asked[asked.index("--cut") + 1] = "2017-11-09T00"
    assert "no listening_history as of 2017-11-09T00" in call(*asked, code=1)["error"]


def test_until_lies_behind_the_cut(slices, tmp_path):
    found = call(*slices.asked(tmp_path / "out", until=CUT), code=1)
    assert "until: 2017-11-08T00 is not behind the cut" in found["error"]


def test_sides_are_halves_and_shares():
    names = [f"{number:032x}" for number in range(4_000)]
    eval_ = sum(sides.held_out(name) == "eval" for name in names)
    stop = sum(sides.fitted(name, 0.04) == "stop" for name in names)
    # Standard deviations 32 and 12.
    assert abs(eval_ - 2_000) < 160
    assert abs(stop - 160) < 60
    numbers = {sides.pid(name, split) for name in names for split in ("train", "eval")}
    assert len(numbers) == 8_000
    assert all(2**62 <= number < 2**63 for number in numbers)


def test_who_is_erased_leaves_records_and_counts_of_all_others(slices, tmp_path):
    """Others' slices keep their bytes, and the manifest counts what is left."""
    out = tmp_path / "out"
    shutil.copytree(slices.out, out)
    gone = max(by_listener(slices, FITTED).keys() & by_listener(slices, HELD_OUT).keys())
    removed = erasing.erase(str(out), [gone])
    assert removed == {"records": 2, "files": 1}
    left = dataclasses.replace(slices, out=out)
    assert [r for r in slices.records if r not in left.records] == [
        record
        for record in slices.records
        if record["pid"] in {sides.pid(gone, split) for split in (*FITTED, *HELD_OUT)}
    ]
    told, before = (json.loads((path / MANIFEST).read_text()) for path in (out, slices.out))
    assert told["listeners"] == before["listeners"] - 1
    assert sum(told["records"].values()) == sum(before["records"].values()) - 2
    counted = Counter((r["listener"]["segment"], r["listener"]["split"]) for r in left.records)
    assert counted == {
        (name, split): number
        for name, each in told["segments"].items()
        for split, number in each.items()
        if number
    }
    names = {path.name for path in slices.out.glob("mpd.slice.playlists-*")}
    assert names
    for name in names:
        assert (out / name).read_bytes() == (slices.out / name).read_bytes()

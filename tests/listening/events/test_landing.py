"""Landing from a directory: what becomes of messages, whatever they are and whenever it ends."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import shutil
import threading
from typing import Any

import pytest
from typer.testing import CliRunner

from listening.events import Counts, DirectorySource, LandingOptions, SourceError, land, reading
from listening.events.store import Store
from pipeline.cli.main import app
from schema import output_lock
from schema.events import MAX_AHEAD, EventPlaces, manifests
from tests.listening.events.making import DAY, HOUR, MORNING, NOW, append, message, write


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "source"


@pytest.fixture
def out(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "out")


def landing(out: str, source: pathlib.Path, now: int = NOW, **options: Any) -> Counts:
    counts = land(out, DirectorySource(str(source)), LandingOptions(**options), clock=lambda: now)
    assert counts.read == counts.landed + counts.duplicates + counts.dead_letters
    return counts


def keys(out: str) -> list[str]:
    """The idempotency keys of all that landed."""
    found = []
    for hour in reading.landed(out).hours:
        found += reading.read_hour(out, hour, ["idempotency_key"]).column(0).to_pylist()
    return sorted(found)


def event_keys(*numbers: int) -> list[str]:
    return [f"event-{number:08d}" for number in sorted(numbers)]


def test_events_lie_in_the_hour_in_which_they_happened(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0), message(3600), message(1), message(3599)])
    counts = landing(out, source)
    assert (counts.read, counts.landed) == (4, 4)
    found = reading.landed(out).hours
    assert {hour: each.rows for hour, each in found.items()} == {
        "2024-03-20T10": 3,
        "2024-03-20T11": 1,
    }
    table = reading.read_hour(out, "2024-03-20T10")
    assert table.column("source_offset").to_pylist() == [0, 2, 3]
    assert table.column("ms_played").to_pylist() == [30_000] * 3
    assert table.column("event_time").cast("int64").to_pylist()[0] == MORNING


def test_what_has_landed_is_not_read_again(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0), message(1)])
    landing(out, source)
    assert landing(out, source).read == 0
    append(source, "a", message(2) + b"\n" + message(3))  # the last one has no end of line
    write(source, "b", [message(4)])
    assert landing(out, source).landed == 3
    append(source, "a", b"\n" + message(5) + b"\n")
    assert landing(out, source).landed == 1
    assert keys(out) == event_keys(0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_copies_are_left_out_wherever_they_stand(
    batch: int, source: pathlib.Path, out: str
) -> None:
    write(source, "a", [message(0), message(1), message(0)])
    write(source, "b", [message(1), message(2)])
    counts = landing(out, source, batch=batch)
    assert (counts.landed, counts.duplicates) == (3, 2)
    write(source, "c", [message(2), message(3), message(3)])
    counts = landing(out, source, batch=batch)
    assert (counts.landed, counts.duplicates) == (1, 2)
    assert keys(out) == event_keys(0, 1, 2, 3)
    # Of several copies the first stays.
    first = reading.read_hour(out, "2024-03-20T10")
    assert sorted(first.column("source_offset").to_pylist()) == [0, 1, 1, 1]


def test_a_copy_is_recognised_within_the_horizon(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0)])
    landing(out, source, NOW, horizon_days=2)
    write(source, "b", [message(0)])
    assert landing(out, source, NOW + 2 * DAY, horizon_days=2).duplicates == 1
    write(source, "c", [message(0)])
    assert landing(out, source, NOW + 2 * DAY + 1, horizon_days=2).landed == 1


def test_the_index_of_keys_is_built_anew(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(number) for number in range(50)])
    landing(out, source, batch=7)
    shutil.rmtree(os.path.join(out, "keys"))
    write(source, "b", [message(number) for number in range(60)])
    counts = landing(out, source)
    assert (counts.landed, counts.duplicates) == (10, 50)


POISON = [
    (b"\xff\xfe not text", "not_json"),
    (b'{"type": "stream"' + b" " * 2_000_000 + b"}", "too_large"),
    (b"[" * 5000 + b"]" * 5000, "not_json"),
    (b"{}", "missing_field"),
    (b"null", "not_an_object"),
    (b"\x00", "not_json"),
    (message(9, ms_played=-1), "negative"),
    (message(9, event_time=NOW + MAX_AHEAD + 1), "far_future"),
    (message(9, event_time=1), "out_of_range"),
]


def test_poison_is_set_aside_with_its_bytes(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0), *(bad for bad, _ in POISON), message(1)])
    counts = landing(out, source)
    assert (counts.landed, counts.dead_letters) == (2, len(POISON))
    dead = reading.read_dead_letters(out)
    assert dead.column("message").to_pylist() == [bad for bad, _ in POISON]
    assert dead.column("reason").to_pylist() == [reason for _, reason in POISON]
    assert dead.column("source_offset").to_pylist() == [*range(1, 1 + len(POISON))]
    assert set(dead.column("source_partition").to_pylist()) == {0}
    assert reading.landed(out).refused == counts.refused


def test_a_clock_that_is_a_little_ahead_is_believed(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0, event_time=NOW + MAX_AHEAD)])
    assert landing(out, source).landed == 1


def test_a_late_event_reopens_its_own_hour(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0), message(3600), message(3 * 3600)])
    landing(out, source)
    before = reading.landed(out)
    assert [hour.hour for hour in before.closed(HOUR)] == ["2024-03-20T10", "2024-03-20T11"]
    write(source, "b", [message(5)])
    counts = landing(out, source)
    assert counts.hours == {"2024-03-20T10"}
    after = reading.landed(out)
    assert [hour.hour for hour in after.changed_since(before.commit)] == ["2024-03-20T10"]
    versions = {
        name: (before.hours[name].version, after.hours[name].version) for name in after.hours
    }
    assert all((old < new) == (name == "2024-03-20T10") for name, (old, new) in versions.items())
    assert reading.read_hour(out, "2024-03-20T10").num_rows == 2


def test_readers_see_what_manifests_name(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0)])
    landing(out, source)
    (file,) = reading.landed(out).hours["2024-03-20T10"].files
    stray = pathlib.Path(file).with_name("p0-00000000000000000001-00000000000000000009.parquet")
    half = pathlib.Path(file).with_name(".partial-1")
    shutil.copy(file, stray)
    half.write_bytes(b"PAR1")
    assert keys(out) == event_keys(0)
    Store(out)  # whoever writes next clears them away
    assert not stray.exists()
    assert not half.exists()
    assert keys(out) == event_keys(0)


def test_a_second_lander_says_who_is_first(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0)])
    with (
        output_lock.taken(out, "segue events land"),
        pytest.raises(output_lock.InUseError, match=r"is in use by process .*segue events land"),
    ):
        landing(out, source)
    assert landing(out, source).landed == 1


@pytest.mark.parametrize("step", range(1, 12))
def test_a_full_disk_is_an_error_and_nothing_more(
    step: int, source: pathlib.Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(source, "a", [message(0), message(1), b"poison"])
    landing(out, source)
    write(source, "b", [message(1), message(2), message(4000), b"poison"])
    done, fsync = 0, os.fsync

    def full(descriptor: int) -> None:
        nonlocal done
        done += 1
        if done >= step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=rf"No space left on device: '{out}(/|')"):
            landing(out, source)
    assert set(keys(out)) >= set(event_keys(0, 1))
    landing(out, source)
    assert keys(out) == event_keys(0, 1, 2, 4000)
    assert reading.read_dead_letters(out).num_rows == 2
    assert not list(pathlib.Path(out).rglob(".partial-*"))


def test_ranges_follow_each_other_without_a_gap(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(number) for number in range(100)])
    write(source, "b", [message(number) for number in range(50, 120)])
    landing(out, source, batch=30)
    found = list(manifests(EventPlaces(out)))
    assert sorted(each.commit for each in found) == [*range(1, len(found) + 1)]
    for partition, lines in ((0, 100), (1, 70)):
        ranges = [(each.first, each.last) for each in found if each.partition == partition]
        assert [first for first, _ in ranges] == [0, *(last + 1 for _, last in ranges[:-1])]
        assert ranges[-1][1] == lines - 1


def test_another_directory_may_have_files_of_the_same_names(
    source: pathlib.Path, out: str, tmp_path: pathlib.Path
) -> None:
    write(source, "a", [message(0), message(1)])
    landing(out, source)
    write(tmp_path / "other", "a", [message(5), message(1)])
    counts = landing(out, tmp_path / "other")
    assert (counts.landed, counts.duplicates) == (1, 1)
    assert landing(out, source).read == 0


def test_a_file_that_lost_lines_is_refused(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0), message(1)])
    landing(out, source)
    write(source, "a", [message(0)])
    with pytest.raises(SourceError, match="fewer lines than landed"):
        landing(out, source)


def test_no_source(source: pathlib.Path, out: str) -> None:
    with pytest.raises(SourceError, match="no directory"):
        landing(out, source)
    source.mkdir()
    with pytest.raises(SourceError, match="no file"):
        landing(out, source)


def test_following_ends_when_it_is_stopped(source: pathlib.Path, out: str) -> None:
    write(source, "a", [message(0)])
    append(source, "a", message(1)[:20])  # still being written
    stop, landed = threading.Event(), threading.Event()

    class Told:
        def looked(self, source: Any, store: Any) -> None: ...

        def landed(self, manifest: Any) -> None:
            landed.set()

        def flushed(self, source: Any, store: Any, *, ended: bool) -> None: ...

    counts: list[Counts] = []
    options = LandingOptions(every_seconds=0)
    follower = threading.Thread(
        target=lambda: counts.append(
            land(
                out,
                DirectorySource(str(source), follow=True),
                options,
                watchers=[Told()],
                stop=stop,
                clock=lambda: NOW,
            )
        )
    )
    follower.start()
    assert landed.wait(60)
    landed.clear()
    append(source, "a", message(1)[20:] + b"\n")
    write(source, "b", [message(2)])
    assert landed.wait(60)
    while reading.landed(out).events < 3 and follower.is_alive():
        pass
    stop.set()
    follower.join(60)
    assert counts[0].landed == 3
    assert keys(out) == event_keys(0, 1, 2)


def test_long_lines_and_blank_ones(source: pathlib.Path, out: str) -> None:
    long = b"x" * (3 << 20)
    write(source, "a", [message(0), b"", long, b"  ", b"\r", message(1) + b"\r"])
    counts = landing(out, source)
    assert (counts.landed, counts.refused) == (2, {"too_large": 1})
    assert reading.read_dead_letters(out).column("message").to_pylist() == [long]
    assert landing(out, source).read == 0


def test_the_command_tells_what_landed_before_it_failed(
    source: pathlib.Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(source, "a", [message(0), message(1), b"poison"])
    write(source, "b", [message(2)])
    done, replace = 0, os.replace

    def full(partial: str, path: str) -> None:
        nonlocal done
        done += path.endswith(".json") and "manifests" in path
        if done > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(partial, path)

    monkeypatch.setattr(os, "replace", full)
    asked = ["events", "land", "--input", str(source), "--out", out, "--json"]
    ended = CliRunner().invoke(app, asked)
    told = json.loads(ended.stdout.splitlines()[-1])
    assert (ended.exit_code, told["status"]) == (1, "failed")
    assert (told["read"], told["landed"], told["dead_letters"]) == (3, 2, 1)
    assert told["error"].startswith(f"{out}/manifests/p1-")
    assert told["error"].endswith("No space left on device")
    monkeypatch.undo()
    told = json.loads(CliRunner().invoke(app, asked).stdout.splitlines()[-1])
    assert (told["status"], told["read"]) == ("ok", 1)

"""`make loop`: what its summary says is recomputed from the raw events."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import pathlib
import time
from typing import Any

import pytest

from listening.counting import counted, read_counts
from schema.events import RefusedError, parse
from schema.side_tables import read_side_table
from scripts import loop
from scripts.loop_steps import StepError, segue

Loop = tuple[pathlib.Path, dict[str, Any], str]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    out = tmp_path_factory.mktemp("loop")
    (out / "sample" / "events").mkdir(parents=True)
    (out / "sample" / "events" / "events-2017-10-01.jsonl").write_text("of an earlier loop\n")
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        loop.main(out, playlists=40, listeners=40, days=4, seed=3, segments=False)
    return out, json.loads((out / "summary.json").read_text()), told.getvalue()


@pytest.fixture(scope="module")
def raw(done: Loop) -> tuple[list[Any], int]:
    """The events in the order of files and lines, copies too, and how many lines are none."""
    now, events, refused = time.time_ns() // 1000, [], 0
    for path in sorted((done[0] / "sample" / "events").iterdir()):
        for line in path.read_bytes().splitlines():
            try:
                events.append(parse(line, now))
            except RefusedError:
                refused += 1
    return events, refused


def test_the_figures_are_those_of_the_raw_events(done: Loop, raw: tuple[list[Any], int]) -> None:
    events, refused = raw
    keys = {event.idempotency_key for event in events}
    assert len(keys) > 1000
    assert done[1]["events"] == {
        "produced": len(events) + refused,
        "landed": len(keys),
        "unique": len(keys),
        "duplicates": len(events) - len(keys),
        "dead_letters": refused,
    }
    assert min(done[1]["events"].values()) > 0


def test_the_counts_are_those_of_the_raw_events(done: Loop, raw: tuple[list[Any], int]) -> None:
    first = {event.idempotency_key: event for event in reversed(raw[0])}
    streams = collections.Counter(
        (event.event_time // 3_600_000_000, event.track_uri)
        for event in first.values()
        if event.type == "stream"
    )
    out = str(done[0] / "counts")
    found = {}
    for hour in counted(out):
        for row in read_counts(out, hour).to_pylist():
            if row["streams"]:
                number = int(row["window_start"].timestamp()) // 3600
                found[number, row["track_uri"]] = row["streams"]
    over = {key: times for key, times in streams.items() if key[0] <= max(found)[0]}
    assert found == over
    assert len(counted(out)) == done[1]["counts"]["hours"] > 50
    described, table = read_side_table(done[0] / "trending")
    assert table.column("streams").to_pylist() == [
        sum(times for (_, track), times in over.items() if track == uri)
        for uri in table.column("track_uri").to_pylist()
    ]
    assert described.as_of.timestamp() == 3600 * (1 + max(found)[0])


def test_the_console_shows_steps_and_figures(done: Loop) -> None:
    told = done[2]
    steps = [line for line in told.splitlines() if line.startswith("segue ")]
    assert [step.split(" --")[0] for step in steps] == [
        *("segue sample", "segue events land", "segue events count", "segue events trending")
    ]
    assert f"{done[1]['events']['produced']:,}" in told
    assert str(done[0] / "summary.json") in told.replace("\n", "")


def test_figures_that_do_not_add_up_are_refused() -> None:
    sound = {"produced": 6, "landed": 3, "unique": 3, "duplicates": 2, "dead_letters": 1}
    assert loop._checked(sound) == sound
    for change in ({"produced": 7}, {"unique": 2}, {"duplicates": 1}):
        with pytest.raises(StepError):
            loop._checked({**sound, **change})


def test_a_step_that_fails_is_told_in_its_own_words(tmp_path: pathlib.Path) -> None:
    with pytest.raises(StepError, match=r"segue events failed: .* no directory of events"):
        segue("events", "land", "--input", tmp_path / "none", "--out", tmp_path / "out")

"""Windows of random spans against plain dicts: nothing is lost, doubled, or changes its side."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ingest import composition
from components.ingest import pids as pid_files
from components.ingest.composition import Records
from components.ingest.errors import IngestError
from components.ingest.manifest import IngestResult, Manifest
from components.ingest.window import Window
from schema.splits import SPLITS
from tests.components.ingest.span_fixture import SPLIT, Data, by_split, put, run

PIDS = st.integers(0, 40)
SPANS = st.lists(st.sets(PIDS, max_size=25), min_size=1, max_size=5)


def written(folder: pathlib.Path, number: int, pids: set[int]) -> Records:
    """What an ingest leaves of a span's numbers, in two shards."""
    place = folder / str(number)
    place.mkdir()
    outputs = {}
    for split, numbers in by_split(dict.fromkeys(sorted(pids), "")).items():
        for shard in range(2):
            rows = [(pid, pid + 1) for pid in numbers if pid % 2 == shard]
            name = pid_files.name(split, shard, 2)
            pid_files.write(str(place / name), pid_files.rows(rows))
            outputs[name] = 0
    splits = {split: len(numbers) for split, numbers in by_split(dict.fromkeys(pids, "")).items()}
    result = IngestResult(len(pids), sum(pids) + len(pids), 1, {}, splits=splits)
    return Records(number, str(place), Manifest("", "", {}, outputs, result))


@given(SPANS, st.sets(PIDS, max_size=10))
@settings(max_examples=60, deadline=None)
def test_each_playlist_is_taken_once_or_counted(spans, deleted):
    with tempfile.TemporaryDirectory() as folder:
        records = [written(pathlib.Path(folder), n, pids) for n, pids in enumerate(spans)]
        parts = composition.compose(records, np.array(sorted(deleted), np.int64))
    last = {pid: number for number, pids in enumerate(spans) for pid in pids}
    for number, pids in enumerate(spans):
        taken = {pid for pid in pids if last[pid] == number and pid not in deleted}
        part = parts[number]
        assert {*part.dropped.tolist()} == pids - taken
        assert part.deleted == len(pids & deleted)
        assert part.updated == len(pids) - len(taken) - part.deleted
        assert sum(part.entries.values()) == sum(pid + 1 for pid in taken)
        assert part.entries_deleted == sum(pid + 1 for pid in pids & deleted)
        assert part.entries_updated == sum(pid + 1 for pid in pids - taken - deleted)
        expected = by_split(dict.fromkeys(taken, ""))
        assert part.splits == {split: len(expected[split]) for split in SPLITS}


def test_a_list_that_lacks_a_playlist_stops_the_run(tmp_path):
    record = written(tmp_path, 7, {1, 2, 3})
    more = dataclasses.replace(
        record.manifest.result, splits={**record.manifest.result.splits, "eval": 9}
    )
    cut = record._replace(manifest=dataclasses.replace(record.manifest, result=more))
    with pytest.raises(IngestError, match="span 7: 9 playlists of eval were written, but"):
        composition.compose([cut], np.empty(0, np.int64))


#: What befalls slices from one run to the next: they come, change, are doubled and lost.
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "write", "double", "lose"]), st.sets(PIDS, min_size=1)),
    min_size=2,
    max_size=4,
)


@given(STEPS, st.sets(PIDS, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None)
def test_a_history_of_spans(steps, deleted, random):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data, listed = Data(folder / "mpd"), folder / "deletions.txt"
        listed.write_text("\n".join(map(str, sorted(deleted))))
        slices: dict[tuple[int, str], dict[int, str]] = {}
        known: dict[int, dict[int, str]] = {}
        keep = {100 + pid: "kept" for pid in range(12)}  # so that no split is empty
        for version, (kind, pids) in enumerate(steps):
            span, slice_ = random.randint(1, 3), random.choice(["a.json", "b.json"])
            titles = {pid: f"version {version} of {pid}" for pid in pids}
            if kind == "double" and slices:
                titles = slices[random.choice(sorted(slices))]
            if kind == "lose" and (span, slice_) in slices and len(slices) > 1:
                del slices[span, slice_]
                data.lose(span, slice_)
            else:
                slices[span, slice_] = titles
                data.write(span, slice_, titles)
            slices[9, "a.json"] = keep
            data.write(9, "a.json", keep)
            known |= merged(slices)  # of a span that has lost all slices the records are kept
            check(data, known, deleted, folder, Window(count=None, deletions=str(listed)))


def merged(slices: dict[tuple[int, str], dict[int, str]]) -> dict[int, dict[int, str]]:
    """The playlists of each span, of which the first slice has those that are in several."""
    spans: dict[int, dict[int, str]] = {}
    for span, name in sorted(slices):
        for pid, title in slices[span, name].items():
            spans.setdefault(span, {}).setdefault(pid, title)
    return spans


def check(data, spans, deleted, folder, window):
    """Runs, and compares with what dicts say."""
    result = run(data.pattern, folder / "records", window)
    assert [int(number) for number in result.spans] == sorted(spans)
    found, _ = put(folder / "records", folder / "examples")
    last: dict[int, str] = {}
    for number in sorted(spans):
        last |= spans[number]
    assert found == by_split({pid: title for pid, title in last.items() if pid not in deleted})
    read = sum(span["read"] for span in result.spans.values())
    assert read == result.playlists + result.updated + result.deleted
    assert result.playlists == sum(map(len, found.values()))
    sides = {pid: split for split, pids in found.items() for pid in pids}
    assert all(SPLIT.split_of(str(pid).encode()) == side for pid, side in sides.items())

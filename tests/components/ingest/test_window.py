"""A window of spans: what is ingested anew, what is replaced, deleted, lost and told."""

from __future__ import annotations

import os
import shutil

import pytest

from components.example_gen import spans as example_spans
from components.ingest import manifest, records
from components.ingest.errors import IngestError
from components.ingest.window import Window
from tests.components.ingest.span_fixture import Data, by_split, put, run

ALL = Window(count=None)


@pytest.fixture
def data(tmp_path):
    """Three spans: playlist 5 is in all of them, 6 in the first two."""
    made = Data(tmp_path / "mpd")
    made.write(1, "a.json", {pid: f"one {pid}" for pid in range(10)})
    made.write(2, "a.json", {pid: f"two {pid}" for pid in (5, 6, *range(10, 15))})
    made.write(3, "a.json", {pid: f"three {pid}" for pid in (5, *range(15, 20))})
    return made


@pytest.fixture
def output(tmp_path):
    return tmp_path / "records"


def expected(*spans):
    names = {1: ("one", range(10)), 2: ("two", (5, 6, *range(10, 15)))}
    names[3] = ("three", (5, *range(15, 20)))
    return {pid: f"{names[span][0]} {pid}" for span in spans for pid in names[span][1]}


def changed(output):
    """When each span's manifest was written, by its folder's name."""
    return {
        folder.name: (folder / "manifest.json").stat().st_mtime_ns
        for folder in output.glob("span-*")
    }


def test_of_a_playlist_in_several_spans_the_last_one_has_it(data, output, tmp_path):
    result = run(data.pattern, output, ALL)
    assert (result.playlists, result.updated, result.deleted) == (20, 3, 0)
    assert result.spans == {
        "1": {"read": 10, "playlists": 8, "updated": 2, "deleted": 0, "ingested": 1},
        "2": {"read": 7, "playlists": 6, "updated": 1, "deleted": 0, "ingested": 1},
        "3": {"read": 6, "playlists": 6, "updated": 0, "deleted": 0, "ingested": 1},
    }
    assert result.tracks == 60
    assert result.summary() == (
        "20 playlists with 60 tracks in 3 files · spans 1 to 3 (3, 3 of them new) · 3 updated"
    )
    found, made = put(output, tmp_path / "examples")
    assert found == by_split(expected(1, 2, 3))
    assert made.playlists == result.splits


def test_only_the_next_span_is_ingested(data, output, tmp_path):
    data.lose(3)
    run(data.pattern, output, ALL)
    before = changed(output)
    data.write(3, "a.json", {pid: f"three {pid}" for pid in (5, *range(15, 20))})
    result = run(data.pattern, output, ALL)
    assert [span["ingested"] for span in result.spans.values()] == [0, 0, 1]
    assert {name: when for name, when in changed(output).items() if name in before} == before
    again = run(data.pattern, output, ALL)
    assert again.skipped
    assert [span["ingested"] for span in again.spans.values()] == [0, 0, 0]


def test_a_changed_slice_ingests_its_span_alone(data, output, tmp_path):
    run(data.pattern, output, ALL)
    before = changed(output)
    data.write(2, "a.json", {6: "new", 10: "new"})
    result = run(data.pattern, output, ALL)
    assert [span["ingested"] for span in result.spans.values()] == [0, 1, 0]
    assert changed(output)["span-00001"] == before["span-00001"]
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split({**expected(1), 6: "new", 10: "new", **expected(3)})


def test_a_window_ends_at_its_span_and_moves(data, output, tmp_path):
    assert list(run(data.pattern, output, Window(count=2)).spans) == ["2", "3"]
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split(expected(2, 3))
    assert list(run(data.pattern, output, Window("2", 2)).spans) == ["1", "2"]
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split(expected(1, 2))
    assert run(data.pattern, output, Window("1", 1)).updated == 0
    assert not list(output.glob("dropped-*")), "of the earlier window"


def test_the_same_slice_in_two_spans_is_counted_as_updates(data, output, tmp_path):
    shutil.copytree(data.folder / "span-3", data.folder / "span-4")
    result = run(data.pattern, output, ALL)
    assert (result.playlists, result.spans["3"]["updated"]) == (20, 6)
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split(expected(1, 2, 3))


def test_deletions_hold_for_every_span(data, output, tmp_path):
    listed = tmp_path / "deletions.txt"
    listed.write_text("5\n\n19  # asked for it\n1000\n")
    result = run(data.pattern, output, Window(count=None, deletions=str(listed)))
    assert (result.playlists, result.updated, result.deleted) == (18, 1, 4)
    assert " · 1 updated · 4 deleted" in result.summary()
    left = {pid: title for pid, title in expected(1, 2, 3).items() if pid not in (5, 19)}
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split(left)
    listed.write_text("19")
    result = run(data.pattern, output, Window(count=None, deletions=str(listed)))
    assert (result.updated, result.deleted) == (3, 1)
    assert not any(span["ingested"] for span in result.spans.values())


def test_data_without_spans_has_deletions_too(data, output, tmp_path):
    listed = tmp_path / "deletions.txt"
    listed.write_text("3")
    result = run(f"{data.folder}/span-1", output, Window(deletions=str(listed)))
    assert (result.playlists, result.deleted) == (9, 1)
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split({pid: t for pid, t in expected(1).items() if pid != 3})


def test_a_lost_span_is_read_from_its_records_and_told(data, output, tmp_path):
    run(data.pattern, output, ALL)
    data.lose(2)
    result = run(data.pattern, output, ALL)
    assert result.notes == ["the slices of span 2 are gone, the records were kept"]
    assert result.summary().endswith("the slices of span 2 are gone, the records were kept")
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split(expected(1, 2, 3))
    with pytest.raises(IngestError, match=r"span 2: its slices .* are gone, and its records are"):
        run(data.pattern, output, ALL, source_hash="v2")
    (output / "span-00002" / "manifest.json").unlink()
    result = run(data.pattern, output, ALL)
    assert result.notes == ["there is no span 2"]
    assert list(result.spans) == ["1", "3"]


@pytest.mark.parametrize("spelled", ["./mpd/span-{SPAN}", "mpd/span-{SPAN}/", "absolute"])
def test_a_lost_span_is_told_however_the_path_is_spelled(data, output, monkeypatch, spelled):
    monkeypatch.chdir(data.folder.parent)
    run("mpd/span-{SPAN}", output, ALL)
    data.lose(1)
    if spelled == "absolute":
        monkeypatch.chdir("/")
        spelled = data.pattern
    result = run(spelled, output, ALL)
    assert result.notes == ["the slices of span 1 are gone, the records were kept"]
    assert list(result.spans) == ["1", "2", "3"]


def test_data_without_spans_is_no_span_of_data_with_them(data, output, tmp_path):
    listed = tmp_path / "deletions.txt"
    listed.write_text("3")
    run(f"{data.folder}/span-1", output, Window(deletions=str(listed)))
    data.write(1, "a.json", {5: "new"})
    result = run(data.pattern, output, ALL)
    assert (list(result.spans), result.notes) == (["1", "2", "3"], [])
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split({**expected(2, 3)})


def test_a_span_without_playlists_is_a_span(data, output, tmp_path):
    data.write(4, "a.json", {})
    for ingested in (1, 0):
        result = run(data.pattern, output, ALL)
        assert result.spans["4"] == {
            "read": 0, "playlists": 0, "updated": 0, "deleted": 0, "ingested": ingested
        }  # fmt: skip
    found, _ = put(output, tmp_path / "examples")
    assert found == by_split(expected(1, 2, 3))
    with pytest.raises(IngestError, match="no playlist is left in span 4: 0 records read, 0 set"):
        run(data.pattern, output, Window("4", 1))


def test_a_span_of_which_nothing_can_be_used_stops_the_run(data, output):
    (data.folder / "span-2" / "a.json").write_text('{"playlists": [{"pid": -1}]}')
    with pytest.raises(IngestError, match=r"span 2: no playlist can be used \(1 invalid_pid\)"):
        run(data.pattern, output, ALL)


def test_a_list_that_names_every_playlist_stops_the_run(data, output, tmp_path):
    listed = tmp_path / "deletions.txt"
    listed.write_text("\n".join(map(str, range(20))))
    told = "no playlist is left in span 1, 2, 3: 23 records read, 0 set aside, 23 deleted"
    with pytest.raises(IngestError, match=told):
        run(data.pattern, output, Window(count=None, deletions=str(listed)))


def test_a_file_of_a_span_that_is_not_passed_on_stops_the_run(data, output, tmp_path, monkeypatch):
    run(data.pattern, output, ALL)
    original = example_spans.pass_on
    monkeypatch.setattr(example_spans, "pass_on", lambda paths, *to: original(paths[1:], *to))
    with pytest.raises(example_spans.LostRecordsError, match=r"missing or cut in .*, span-0000\d-"):
        put(output, tmp_path / "examples")


def test_a_record_that_is_lost_where_a_file_is_written_again_stops_the_run(
    data, output, tmp_path, monkeypatch
):
    run(data.pattern, output, ALL)
    original = example_spans.tfrecords.read_records

    def lossy(stream):
        _, *others = original(stream)
        return others

    monkeypatch.setattr(example_spans.tfrecords, "read_records", lossy)
    with pytest.raises(example_spans.LostRecordsError, match=r"holds \d records, not the \d"):
        put(output, tmp_path / "examples")


def test_a_lost_span_whose_records_are_cut_stops_the_run(data, output):
    run(data.pattern, output, ALL)
    data.lose(2)
    next((output / "span-00002").glob("playlists-train-*")).write_bytes(b"")
    with pytest.raises(IngestError, match="files of its records are missing or cut; bring"):
        run(data.pattern, output, ALL)


def test_fewer_spans_than_asked_for_and_a_latest_one_that_is_gone_are_told(data, output):
    assert run(data.pattern, output, Window(count=5)).notes == ["3 of 5 spans are there"]
    data.lose(3)
    assert run(data.pattern, output, ALL).notes == ["span 3, which was read before, is gone"]


def test_a_slice_that_is_gone_is_told_as_long_as_the_span_is_as_it_is(data, output):
    data.write(1, "b.json", {100: "b"})
    run(data.pattern, output, ALL)
    data.lose(1, "b.json")
    for _ in range(2):
        result = run(data.pattern, output, ALL)
        assert result.left_out == {"slices_gone_since_they_were_last_read": 1}
    data.write(1, "b.json", {100: "b"})
    assert run(data.pattern, output, ALL).left_out == {}


def test_records_that_are_cut_are_ingested_again(data, output):
    run(data.pattern, output, ALL)
    next((output / "span-00002").glob("pids-train-*")).write_bytes(b"")
    result = run(data.pattern, output, ALL)
    assert [span["ingested"] for span in result.spans.values()] == [0, 1, 0]


def test_spans_of_other_data_are_not_taken_for_lost_ones(data, output, tmp_path):
    run(data.pattern, output, ALL)
    other = Data(tmp_path / "other")
    other.write(3, "a.json", {1: "other"})
    result = run(other.pattern, output, ALL)
    assert (list(result.spans), result.notes) == (["3"], [])


def test_a_copy_elsewhere_is_the_same_window(data, output, tmp_path):
    run(data.pattern, output, ALL)
    shutil.copytree(data.folder, tmp_path / "copy")
    assert run(f"{tmp_path}/copy/span-{{SPAN}}", output, ALL).skipped


@pytest.mark.parametrize("lost", [2, 3])
def test_of_data_that_was_moved_a_lost_span_is_told_too(data, output, tmp_path, lost):
    run(data.pattern, output, ALL)
    data.folder.rename(tmp_path / "moved 3")
    data = Data(tmp_path / "moved 3")
    data.lose(lost)
    note = {
        2: "the slices of span 2 are gone, the records were kept",
        3: "span 3, which was read before, is gone",
    }
    for _ in range(2):
        assert run(data.pattern, output, ALL).notes == [note[lost]]


def test_of_data_that_was_moved_and_changed_a_span_of_the_old_is_not_taken(data, output, tmp_path):
    run(data.pattern, output, ALL)
    data.folder.rename(tmp_path / "moved")
    data = Data(tmp_path / "moved")
    data.lose(2)
    data.write(1, "a.json", {1: "changed"})
    result = run(data.pattern, output, ALL)
    assert (list(result.spans), result.notes) == (["1", "3"], ["there is no span 2"])


def test_what_cannot_be_read_names_the_span(data, output):
    (data.folder / "span-2" / "a.json").write_text("{")
    with pytest.raises(IngestError, match=r"span 2: .*not JSON"):
        run(data.pattern, output, ALL)


def test_a_number_is_there_once(data, output):
    shutil.copytree(data.folder / "span-2", data.folder / "span-02")
    with pytest.raises(IngestError, match=r"span 2 is there twice in .*: as 02 and as 2"):
        run(data.pattern, output, ALL)


def test_whole_files_are_the_same_files_and_others_the_same_bytes(data, output, tmp_path):
    run(data.pattern, output, ALL)
    put(output, tmp_path / "one")
    put(output, tmp_path / "two")
    files = sorted((tmp_path / "one").rglob("*.gz"))
    assert {path.name.split("-playlists")[0] for path in files} == {
        "span-00001",
        "span-00002",
        "span-00003",
    }
    for path in files:
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == twin.read_bytes()
        if path.name.startswith("span-00003"):
            assert os.path.samefile(path, twin)


def test_the_print_of_a_span_changes_with_what_is_taken_of_it(data, output, tmp_path):
    run(data.pattern, output, ALL)
    _, three = put(output, tmp_path / "examples")
    run(data.pattern, output, Window("2", None))
    _, two = put(output, tmp_path / "examples")
    fitted = by_split(dict.fromkeys((5, 6), ""))
    assert fitted["train"] or fitted["stop"]
    assert two.prints[1] == three.prints[1], "5 and 6 are in span 2 as well"
    assert (two.prints[2] == three.prints[2]) == (5 not in {**fitted["train"], **fitted["stop"]})


def test_going_back_to_data_without_spans_leaves_the_spans(data, output):
    from components.ingest.job import ingest

    run(data.pattern, output, ALL)
    ingest(f"{data.folder}/span-1", str(output))
    assert not records.parts(manifest.read(str(output)))
    assert not list(output.glob("dropped-*"))
    result = run(data.pattern, output, ALL)
    assert not any(span["ingested"] for span in result.spans.values())
    assert not list(output.glob("playlists-*")), "they are not the window's"

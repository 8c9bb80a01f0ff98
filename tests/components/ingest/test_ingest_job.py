from __future__ import annotations

import dataclasses
import errno
import fcntl
import gzip
import hashlib
import json
import logging
import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf

from components.ingest import counts, destination, job, shards
from components.ingest.errors import IngestError
from components.ingest.manifest import IngestResult
from components.ingest.names import playlists_pattern
from components.ingest.options import IngestOptions
from sample.generator import generate, write_slices
from schema.output_lock import InUseError
from schema.splits import SPLITS, SplitConfig

REAL = Path(__file__).parents[3].parent / "shared/data/mpd-sample/train"


def ingest(source, output, split=None, source_hash="", **options):
    return job.ingest(source, output, IngestOptions(**options), split, source_hash=source_hash)


def uri(letter):
    return "spotify:track:" + letter * 22


def playlist(pid, letters="a", **fields):
    return {"pid": pid, "tracks": [{"track_uri": uri(letter)} for letter in letters], **fields}


def write(directory, number, playlists):
    path = directory / f"mpd.slice.{number}-{number + 9}.json"
    path.write_text(json.dumps({"info": {}, "playlists": playlists}))
    return str(path)


def read_examples(output, pattern=destination.PLAYLISTS_PATTERN):
    """The Examples of all splits, in the order of their pid."""
    paths = sorted(str(path) for path in Path(output).glob(pattern))
    records = tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator()
    return sorted((tf.train.Example.FromString(record) for record in records), key=pid_of)


def pid_of(example):
    return int(example.features.feature["pid"].bytes_list.value[0])


def pids(output, pattern=destination.PLAYLISTS_PATTERN):
    return [pid_of(example) for example in read_examples(output, pattern)]


def shard_names(shards):
    return sorted(
        f"playlists-{split}-{index:05d}-of-{shards:05d}.tfrecord.gz"
        for split in SPLITS
        for index in range(shards)
    )


def read_rejects(output):
    paths = sorted(Path(output).glob(destination.REJECTS_PATTERN))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


@pytest.fixture
def source(tmp_path):
    directory = tmp_path / "source"
    directory.mkdir()
    return directory


@pytest.fixture
def output(tmp_path):
    return str(tmp_path / "out" / "tfrecords")


def test_every_playlist_becomes_an_example(source, output):
    write_slices(source, 25, seed=1, slice_size=10)
    result = ingest(str(source), output)
    raws = list(generate(25, seed=1))
    entries = sum(raw["num_tracks"] for raw in raws)

    def split_of(raw):
        return SplitConfig().split_of(b"%d" % raw["pid"])

    sizes = Counter(map(split_of, raws))
    splits = {name: sizes[name] for name in SPLITS}
    assert result == IngestResult(
        playlists=25,
        tracks=entries,
        files=3,
        rejects={},
        splits=splits,
        entries={
            name: sum(raw["num_tracks"] for raw in raws if split_of(raw) == name) for name in SPLITS
        },
        read=25,
        entries_read=entries,
    )
    assert sorted(os.listdir(output)) == [".lock", "manifest.json", *shard_names(3)]
    assert pids(output) == list(range(25))
    for raw, example in zip(raws, read_examples(output), strict=True):
        feature = example.features.feature
        assert feature["name"].bytes_list.value == [raw["name"].encode()]
        assert feature["num_followers"].int64_list.value == [raw["num_followers"]]
        assert list(feature["track_uri"].bytes_list.value) == [
            track["track_uri"].encode() for track in raw["tracks"]
        ]
        assert list(feature["track_duration_ms"].int64_list.value) == [
            track["duration_ms"] for track in raw["tracks"]
        ]


def test_compressed_slices_give_the_same_records(source, output, tmp_path):
    plain = write_slices(source / "plain", 20, seed=1, slice_size=10)
    write_slices(source / "packed", 20, seed=1, slice_size=10, compress=True)
    ingest(str(source / "plain"), output, shards=1)
    ingest(str(source / "packed" / "*.gz"), str(tmp_path / "other"), shards=1)
    assert len(plain) == 2
    for name in shard_names(1):
        assert (tmp_path / "other" / name).read_bytes() == Path(output, name).read_bytes()


def test_each_playlist_is_in_the_file_of_its_split(source, output):
    write_slices(source, 60, seed=1, slice_size=20)
    split = SplitConfig(train=2, eval=1, test=1, stop=0.25)
    ingest(str(source), output, split)
    found = {name: pids(output, playlists_pattern(name)) for name in SPLITS}
    assert all(found.values())
    assert sorted(pid for part in found.values() for pid in part) == list(range(60))
    for name, part in found.items():
        assert {split.split_of(str(pid).encode()) for pid in part} == {name}


def test_rejects_are_told_by_file_position_and_reason(source, output):
    first = write(source, 0, [playlist(0), "x", playlist(1, num_edits="y"), playlist(2)])
    second = write(source, 10, [{"pid": 3, "tracks": []}, playlist(4), {"tracks": []}])
    broken = source / "mpd.slice.20-29.json.gz"
    broken.write_bytes(gzip.compress(b'{"playlists": []}')[:-4])
    result = ingest(str(source), output, max_reject_share=0.72, max_unreadable_files=1)
    assert result.playlists == 3
    assert result.reject_share == 7.5 / 10.5, "the third slice likely had 3.5, the others' mean"
    assert result.rejects == {
        "unreadable_file": 1,
        "not_an_object": 1,
        "missing_pid": 1,
        "missing_tracks": 1,
        "invalid_field": 1,
    }
    assert read_rejects(output) == [
        {"file": first, "position": 1, "pid": None, "reason": "not_an_object",
         "detail": "a JSON string, not an object"},
        {"file": first, "position": 2, "pid": 1, "reason": "invalid_field",
         "detail": "num_edits: 'y' is not a whole number from 0 to 2^63-1"},
        {"file": second, "position": 0, "pid": 3, "reason": "missing_tracks",
         "detail": "tracks: empty"},
        {"file": second, "position": 2, "pid": None, "reason": "missing_pid",
         "detail": "pid: absent"},
        {"file": str(broken), "position": None, "pid": None, "reason": "unreadable_file",
         "detail": "truncated gzip"},
    ]  # fmt: skip
    assert pids(output) == [0, 2, 4]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_several_playlists_with_a_pid_the_first_stays(source, output, count):
    # The same whatever the shards: the order is that of the files and of the positions in them.
    write(source, 2, [playlist(1, "a"), playlist(2, "a"), playlist("1", "b")])
    second = write(source, 10, [playlist(2, "b"), playlist(3, "a")])
    third = write(source, 110, [playlist(3, "b"), playlist(1, "c"), playlist(4, "a")])
    result = ingest(str(source), output, shards=count, max_reject_share=0.5)
    assert (result.playlists, result.tracks) == (4, 4)
    assert result.rejects == {"duplicate_pid": 4}
    assert pids(output) == [1, 2, 3, 4]
    assert result.splits == {n: len(pids(output, playlists_pattern(n))) for n in SPLITS}
    for example in read_examples(output):
        assert example.features.feature["track_uri"].bytes_list.value == [uri("a").encode()]
    found = {(line["file"], line["position"]): line for line in read_rejects(output)}
    first = str(source / "mpd.slice.2-11.json")
    assert set(found) == {(first, 2), (second, 0), (third, 0), (third, 1)}
    assert found[third, 1]["pid"] == 1
    assert found[third, 1]["detail"] == f"pid 1 is kept from {first}[0]"


def test_too_many_rejects_fail_with_counts_and_place(source, output):
    write(source, 0, [playlist(0), playlist(1), {}, 5, 6])
    with pytest.raises(IngestError) as error:
        ingest(str(source), output)
    assert str(error.value) == (
        "3 of 5 records cannot be used (60.0%, more than the 5.0% allowed): 2 not_an_object, "
        f"1 missing_pid; see {output}/rejects-failed-*.jsonl, or allow more: "
        "--set ingest.max_reject_share=0.6"
    )
    assert sorted(os.listdir(output)) == [".lock", "rejects-failed-00000-of-00001.jsonl"]
    assert len(read_rejects(output)) == 3


def test_the_allowed_share_itself_is_allowed(source, output):
    write(source, 0, [*(playlist(pid) for pid in range(19)), None])
    assert ingest(str(source), output).reject_share == 0.05


def test_no_usable_playlist_fails_whatever_is_allowed(source, output):
    write(source, 0, [{}])
    with pytest.raises(IngestError, match=r"no playlist can be used \(1 missing_pid\): see "):
        ingest(str(source), output, max_reject_share=1)
    write(source, 0, [])
    with pytest.raises(IngestError, match="the input has no playlists"):
        ingest(str(source), output, max_reject_share=1)


def test_no_input_fails(source, output):
    with pytest.raises(IngestError, match="no slice found"):
        ingest(str(source / "*.json"), output)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shards": 0}, r"shards\n.*greater than or equal to 1"),
        ({"max_unreadable_files": -1}, r"max_unreadable_files\n.*greater than or equal to 0"),
        ({"max_unreadable_files": 10**9}, r"max_unreadable_files\n.*less than or equal to 99999"),
        ({"max_reject_share": 1.5}, r"max_reject_share\n.*less than or equal to 1"),
    ],
)
def test_bad_options_name_themselves(source, output, options, message):
    with pytest.raises(ValueError, match=message):
        ingest(str(source), output, **options)


def test_output_that_cannot_be_written_fails(source, tmp_path):
    write(source, 0, [playlist(0)])
    (tmp_path / "file").write_text("")
    with pytest.raises(IngestError, match="cannot write to"):
        ingest(str(source), str(tmp_path / "file" / "out"))


class TestAgain:
    @pytest.fixture(autouse=True)
    def _first(self, source, output):
        write(source, 0, [playlist(0), playlist(1)])
        write(source, 10, [playlist(2), {}])
        self.result = ingest(str(source), output, max_reject_share=0.5)
        self.before = self.state(output)
        Path(output, "notes.txt").write_text("mine")

    def state(self, output):
        return {path.name: path.stat().st_mtime_ns for path in Path(output).iterdir()}

    def test_unchanged_input_is_skipped_and_touches_nothing(self, source, output):
        again = ingest(str(source), output, max_reject_share=0.5)
        assert again.skipped
        assert (again.playlists, again.rejects) == (self.result.playlists, self.result.rejects)
        after = self.state(output)
        assert {name: after[name] for name in self.before} == self.before

    def test_a_stricter_share_is_checked_without_another_run(self, source, output):
        with pytest.raises(IngestError, match=r"25\.0%, more than the 5\.0% allowed"):
            ingest(str(source), output)
        assert set(self.before) <= set(self.state(output))

    def test_changed_input_replaces_everything(self, source, output):
        write(source, 0, [playlist(5)])
        (source / "mpd.slice.10-19.json").unlink()
        again = ingest(str(source), output)
        assert not again.skipped
        assert sorted(os.listdir(output)) == [
            ".lock",
            "manifest.json",
            "notes.txt",
            *shard_names(1),
        ]
        assert pids(output) == [5]

    def test_what_counts_is_content_not_its_time(self, source, output):
        path = source / "mpd.slice.0-9.json"
        os.utime(path, (1, 1))
        assert ingest(str(source), output, max_reject_share=0.5).skipped
        changed = path.read_text().replace(uri("a"), uri("z"), 1)
        path.write_text(changed)
        os.utime(path, (1, 1))  # same size, same time
        assert not ingest(str(source), output, max_reject_share=0.5).skipped
        track = read_examples(output)[0].features.feature["track_uri"].bytes_list.value[0]
        assert track == uri("z").encode()

    def test_other_options_run_again(self, source, output):
        assert not ingest(str(source), output, shards=1, max_reject_share=0.5).skipped
        assert set(shard_names(1)) < set(os.listdir(output))
        assert not set(shard_names(2)) & set(os.listdir(output))

    def test_another_split_or_other_code_runs_again(self, source, output):
        other = SplitConfig(train=1, eval=1, test=1)
        assert not ingest(str(source), output, other, max_reject_share=0.5).skipped
        assert not ingest(str(source), output, other, "new", max_reject_share=0.5).skipped
        assert ingest(str(source), output, other, "new", max_reject_share=0.5).skipped

    @pytest.mark.parametrize(
        "damage",
        ["missing shard", "emptied shard", "cut shard", "no manifest", "cut manifest"],
    )
    def test_an_incomplete_result_is_made_anew(self, source, output, damage):
        shard = Path(output, "playlists-train-00001-of-00002.tfrecord.gz")
        if damage == "missing shard":
            shard.unlink()
        elif damage == "emptied shard":
            shard.write_bytes(b"")
        elif damage == "cut shard":
            shard.write_bytes(shard.read_bytes()[:-1])
        elif damage == "no manifest":
            Path(output, "manifest.json").unlink()
        else:
            Path(output, "manifest.json").write_text('{"finger')
        assert not ingest(str(source), output, max_reject_share=0.5).skipped
        assert set(os.listdir(output)) == {*self.before, "notes.txt"}
        assert pids(output) == [0, 1, 2]

    def test_a_crash_leaves_the_earlier_result_and_its_leftovers_are_removed(
        self, source, output, monkeypatch
    ):
        write(source, 0, [playlist(7)])

        def crash(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(job, "_run", crash)
        with pytest.raises(KeyboardInterrupt):
            ingest(str(source), output)
        monkeypatch.undo()
        self.assert_untouched(output)
        Path(output, "ingesting-killed", "all").mkdir(parents=True)
        ingest(str(source), output, max_reject_share=0.5)
        assert set(os.listdir(output)) == {*self.before, "notes.txt"}
        assert pids(output) == [2, 7]

    def test_a_result_that_cannot_be_used_leaves_the_earlier_one(self, source, output):
        path = source / "mpd.slice.0-9.json"
        good = path.read_bytes()
        write(source, 0, [playlist(8), *[None] * 9])
        with pytest.raises(IngestError, match=r"10 of 12 records .*see .*/rejects-failed-\*"):
            ingest(str(source), output)
        failed = {path.name for path in Path(output).glob("rejects-failed-*")}
        assert failed == {
            "rejects-failed-00000-of-00002.jsonl",
            "rejects-failed-00001-of-00002.jsonl",
        }
        for name in failed:
            Path(output, name).rename(source / f"{name}.txt")
        self.assert_untouched(output)
        path.write_bytes(good)
        assert ingest(str(source), output, max_reject_share=0.5).skipped

    def test_the_next_result_replaces_the_rejects_of_a_failed_one(self, source, output):
        write(source, 0, [playlist(8), *[None] * 9])
        with pytest.raises(IngestError):
            ingest(str(source), output)
        names = {os.path.basename(path) for path in destination.list_rejects(output)}
        assert names == {"rejects-00001-of-00002.jsonl"}
        ingest(str(source), output, max_reject_share=0.95)
        assert not list(Path(output).glob("rejects-failed-*"))
        assert len(read_rejects(output)) == 10

    def assert_untouched(self, output):
        after = self.state(output)
        assert {name: after[name] for name in self.before if name != ".lock"} == {
            name: time for name, time in self.before.items() if name != ".lock"
        }
        assert set(after) == {*self.before, "notes.txt"}
        assert pids(output) == [0, 1, 2]


def test_a_second_ingest_is_refused_and_harms_nothing(source, output, monkeypatch):
    write(source, 0, [playlist(0)])
    second = []
    run = job._run

    def while_another_tries(*arguments):
        staged = set(Path(output).glob("ingesting-*"))
        monkeypatch.setattr(job, "_run", run)
        with pytest.raises(InUseError) as error:
            ingest(str(source), output)
        second.append(str(error.value))
        result = run(*arguments)
        assert staged <= set(Path(output).glob("ingesting-*"))
        return result

    monkeypatch.setattr(job, "_run", while_another_tries)
    assert ingest(str(source), output).playlists == 1
    (message,) = second
    assert message.startswith(f"{output} is in use by process {os.getpid()} on ")
    assert "(ingest, since 20" in message
    assert sorted(os.listdir(output)) == [".lock", "manifest.json", *shard_names(1)]


def test_without_locks_the_staging_of_others_is_left_alone(source, output, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    write(source, 0, [playlist(0)])
    Path(output, "ingesting-other").mkdir(parents=True)
    assert ingest(str(source), output).playlists == 1
    assert Path(output, "ingesting-other").is_dir()


class TestUnreadable:
    """Of ten slices of 100 playlists some end early, as a download does."""

    def cut(self, source, number):
        for index in range(10):
            path = write(source, 10 * index, [playlist(100 * index + i) for i in range(100)])
            if index < number:
                os.truncate(path, os.path.getsize(path) // 2)

    def test_one_fails_by_default_and_is_named(self, source, output):
        self.cut(source, 1)
        with pytest.raises(IngestError) as error:
            ingest(str(source), output)
        text = str(error.value)
        assert text.startswith(
            "1 of 10 files cannot be read, more than the 0 allowed: "
            f"{source}/mpd.slice.0-9.json (not JSON: "
        )
        # 100 of 1,000 playlists are likely gone.
        assert text.endswith(
            "go on without them: --set ingest.max_unreadable_files=1 "
            "--set ingest.max_reject_share=0.1"
        )

    def test_some_are_named_and_the_rest_counted(self, source, output):
        self.cut(source, 7)
        with pytest.raises(IngestError) as error:
            ingest(str(source), output, max_reject_share=1, max_unreadable_files=6)
        assert "7 of 10 files cannot be read, more than the 6 allowed: " in str(error.value)
        assert str(error.value).count("(not JSON: ") == 3
        assert " and 4 more; " in str(error.value)
        assert str(error.value).endswith(": --set ingest.max_unreadable_files=7")

    def test_those_allowed_count_with_their_likely_playlists(self, source, output):
        self.cut(source, 7)
        with pytest.raises(IngestError) as error:
            ingest(str(source), output, max_unreadable_files=7)
        assert str(error.value) == (
            "about 700 of 1000 records cannot be used (70.0%, more than the 5.0% allowed): "
            f"7 unreadable_file; see {output}/rejects-failed-*.jsonl, or allow more: "
            "--set ingest.max_reject_share=0.7"
        )
        result = ingest(str(source), output, max_unreadable_files=7, max_reject_share=0.7)
        assert (result.playlists, result.reject_share) == (300, 0.7)
        assert result.rejects == {"unreadable_file": 7}

    def test_a_stricter_limit_is_checked_without_another_run(self, source, output):
        self.cut(source, 1)
        allowed = {"max_unreadable_files": 1, "max_reject_share": 0.1}
        ingest(str(source), output, **allowed)
        assert ingest(str(source), output, **allowed).skipped
        with pytest.raises(IngestError, match=r"mpd\.slice\.0-9\.json \(not JSON"):
            ingest(str(source), output, max_reject_share=0.1)

    def test_all_are_told_with_their_cause(self, source, output):
        self.cut(source, 10)
        with pytest.raises(IngestError, match=r"no playlist .*0-9\.json \(not JSON.* and 7 more"):
            ingest(str(source), output, max_unreadable_files=10, max_reject_share=1)


def test_work_that_a_runner_repeats_counts_once(source, output, monkeypatch):
    # Counters of a runner that has no committed ones would say 18 read.
    write(source, 0, [playlist(0), playlist(1), {}])
    write(source, 10, [playlist(1, "bb"), playlist(2, "ab"), "x"])
    for step in (shards._WriteShard, shards._DropDuplicates):
        process = step.process

        def thrice(self, element, process=process):
            for _ in range(2):
                list(process(self, element))
            yield from process(self, element)

        monkeypatch.setattr(step, "process", thrice)
    result = ingest(str(source), output, max_reject_share=0.5)
    assert (result.playlists, result.tracks) == (3, 4)
    assert result.rejects == {"not_an_object": 1, "missing_pid": 1, "duplicate_pid": 1}
    assert len(read_rejects(output)) == 3
    assert pids(output) == [0, 1, 2]


def test_what_is_no_track_and_no_slice_is_counted_and_nothing_else_is_lost(source, output):
    tracks = [{"track_uri": uri("a")}, {"track_uri": "spotify:local:x"}]
    write(source, 0, [playlist(0), {"pid": 1, "tracks": tracks}])
    write(source, 10, [{"pid": 10, "tracks": [*tracks, {"track_uri": "spotify:episode:x"}]}])
    (source / "._mpd.slice.0-9.json").write_bytes(b"\0\5\x16\7")
    result = ingest(str(source), output)
    assert (result.playlists, result.tracks, result.rejects) == (3, 3, {})
    assert result.left_out == {"local_files": 2, "episodes": 1, "files_of_macos": 1}
    assert result.summary() == (
        "3 playlists with 3 tracks in 2 files · left out: local files 2, episodes 1, "
        "files of macos 1"
    )
    assert ingest(str(source), output).left_out == result.left_out


def test_files_beside_the_slices_with_almost_their_names_are_counted_and_named(
    source, output, caplog
):
    write(source, 0, [playlist(0)])
    names = "mpd.slice.10-19.JSON", "mpd.slice.20-29.json.tmp", "mpd.slice.30-39", "x.json"
    for name in (*names, "md5sums", "README.md", "._mpd.slice.0-9.json", "._README.md"):
        (source / name).write_bytes(b"")
    caplog.set_level(logging.WARNING, "segue")
    result = ingest(str(source), output)
    assert (result.files, result.playlists) == (1, 1)
    assert result.left_out == {"files_of_macos": 1, "files_named_otherwise": 4}
    (told,) = [line.getMessage() for line in caplog.records if "named otherwise" in line.msg]
    assert told.endswith(
        "mpd.slice.10-19.JSON, " + f"{source}/mpd.slice.20-29.json.tmp, "
        f"{source}/mpd.slice.30-39, ..."
    )
    assert ingest(str(source / "mpd.slice.*.json"), f"{output}-2").left_out == {}


def test_a_duplicate_leaves_out_nothing(source, output):
    tracks = [{"track_uri": uri("a")}, {"track_uri": "spotify:local:x"}]
    episode = {"track_uri": "spotify:episode:x"}
    write(source, 0, [{"pid": 1, "tracks": tracks}, playlist(2)])
    again = {"pid": 1, "name": "\ud83d", "tracks": [*tracks, *tracks[1:], episode]}
    write(source, 10, [again])
    result = ingest(str(source), output, max_reject_share=0.5)
    assert result.entries_rejected == {"duplicate_pid": 4}
    assert (result.playlists, result.tracks) == (2, 2)
    assert result.rejects == {"duplicate_pid": 1}
    assert result.left_out == {"local_files": 1}


def test_slices_that_checksums_list_and_that_are_missing_are_told(source, output):
    content = Path(write(source, 0, [playlist(0)])).read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    line = f"{digest}  data/mpd.slice.0-9.json\n"
    (source / "md5sums").write_text(f"{line}{'0' * 32}  data/mpd.slice.10-19.json\n")
    told = "left out: slices that md5sums lists but are missing 1"
    assert told in ingest(str(source), output).summary()
    assert told in ingest(str(source), output).summary()
    (source / "md5sums").write_text(line)
    assert ingest(str(source), output).left_out == {}


def test_a_zip_gives_what_its_slices_give_and_names_each_of_them(source, output, tmp_path):
    good = write(source, 0, [playlist(pid) for pid in range(9)])
    bad = write(source, 10, [playlist(10)])
    cut = Path(bad).read_bytes()[:-9]
    archive = tmp_path / "spotify_million_playlist_dataset.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("data/mpd.slice.0-9.json", Path(good).read_bytes())
        file.writestr("data/mpd.slice.10-19.json", cut)
        file.writestr("data/mpd.slice.20-29.json", json.dumps({"playlists": [playlist(0), {}]}))
        file.writestr("README.md", "x")
    allowed = {"max_unreadable_files": 1, "max_reject_share": 0.6}
    result = ingest(str(archive), output, **allowed)
    assert (result.playlists, result.files) == (9, 3)
    assert pids(output) == list(range(9))
    found = {(line["file"], line["position"], line["reason"]) for line in read_rejects(output)}
    assert found == {
        (f"{archive}/data/mpd.slice.10-19.json", None, "unreadable_file"),
        (f"{archive}/data/mpd.slice.20-29.json", 1, "missing_pid"),
        (f"{archive}/data/mpd.slice.20-29.json", 0, "duplicate_pid"),
    }
    assert list(result.unreadable) == [f"{archive}/data/mpd.slice.10-19.json"]
    assert ingest(str(archive), output, **allowed).skipped
    os.utime(archive, (1, 1))
    assert ingest(str(archive), output, **allowed).skipped


def test_a_list_of_checksums_is_part_of_the_input(source, output):
    write(source, 0, [playlist(0)])
    ingest(str(source), output)
    (source / "md5sums").write_text("0" * 32 + "  data/mpd.slice.0-9.json\n")
    with pytest.raises(IngestError, match=r"0-9\.json \(differs from its checksum in md5sums"):
        ingest(str(source), output)


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ({"playlists": 9}, "Ingest: all: 10 playlists read, 9 written: 1 lost"),
        ({"tracks": 12}, "Ingest: all: 10 track entries read, 12 written: 2 too many"),
        ({"files": 0}, "slices were lost: 0 of 1 were read"),
        ({"splits": {"train": 9}}, "Ingest: 10 playlists written, 9 in its splits: 1 lost"),
    ],
)
def test_lost_records_are_an_error(source, output, monkeypatch, lost, told):
    write(source, 0, [playlist(pid) for pid in range(10)])
    original = counts.save

    def lossy(path, found):
        original(path, dataclasses.replace(found, **lost))

    monkeypatch.setattr(shards.shard_counts, "save", lossy)
    with pytest.raises(IngestError, match=told):
        ingest(str(source), output)
    assert os.listdir(output) == [".lock"]


def test_a_slice_that_nobody_reads_is_an_error(source, output, monkeypatch):
    write(source, 0, [playlist(0)])
    write(source, 10, [playlist(1)])
    original = shards._WriteShard.process

    def lossy(self, shard):
        yield from original(self, (shard[0], shard[1][:1]))

    monkeypatch.setattr(shards._WriteShard, "process", lossy)
    with pytest.raises(IngestError, match="slices were lost: 1 of 2 were read"):
        ingest(str(source), output, shards=1)


def test_entries_are_counted_wherever_they_go(source, output):
    local = {"track_uri": "spotify:local:x"}
    tracks = [{"track_uri": uri("a")}, {"track_uri": uri("b")}, local, {"track_name": "x"}]
    write(source, 0, [{"pid": 1, "tracks": tracks}, {"pid": -2, "tracks": tracks}, {"pid": 3}])
    write(source, 10, [{"pid": 1, "tracks": [*tracks, local]}])
    result = ingest(str(source), output, max_reject_share=0.9)
    every = result.counts.splits["all"]
    assert (every.read.playlists, every.read.entries) == (4, 13)
    assert (every.written.playlists, every.written.entries) == (1, 2)
    assert {why: (n.playlists, n.entries) for why, n in every.left_out.items()} == {
        "invalid_pid": (1, 4),
        "missing_tracks": (1, 0),
        "duplicate_pid": (1, 5),
        "local_files": (0, 1),
        "without_uri": (0, 1),
    }
    assert sum(result.entries.values()) == 2


def test_lost_shards_are_an_error(source, output, monkeypatch):
    write(source, 0, [playlist(0)])
    write(source, 10, [playlist(1)])
    original = counts.save

    def lossy(path, found):
        if not path.endswith("1.json"):
            original(path, found)

    monkeypatch.setattr(shards.shard_counts, "save", lossy)
    with pytest.raises(IngestError, match="shards were lost: 1 of 2 are complete"):
        ingest(str(source), output)


def test_a_failing_job_is_told_in_one_message(source, output, monkeypatch):
    write(source, 0, [playlist(0)])

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(shards.tfrecords, "write_record", full)
    with pytest.raises(IngestError, match=r"the Beam job failed: .*No space left on device"):
        ingest(str(source), output)
    assert os.listdir(output) == [".lock"]


def test_more_shards_than_slices_are_told(source, output, caplog):
    write(source, 0, [playlist(0)])
    ingest(str(source), output, shards=4)
    assert set(shard_names(1)) < set(os.listdir(output))
    assert "1 shards instead of 4" in caplog.text


def test_an_object_store(source, object_store):
    content = Path(write(source, 0, [playlist(0), playlist(1), playlist(0, "b")])).read_bytes()
    object_store["mem://bucket/in/mpd.slice.0-9.json"] = content
    object_store["mem://bucket/in/mpd.slice.10-19.json.gz"] = gzip.compress(
        json.dumps({"playlists": [playlist(2)]}).encode()
    )
    for pattern in ("mem://bucket/in", "mem://bucket/in/", "mem://bucket/in/*.json*"):
        result = ingest(pattern, "mem://bucket/out", max_reject_share=0.3)
        assert (result.playlists, result.files) == (3, 2)
    names = {path.rsplit("/", 1)[1] for path in object_store if "/out/" in path}
    assert names == {
        "manifest.json",
        *shard_names(2),
        "rejects-duplicates-00000-of-00002.jsonl",
    }
    assert not any("ingesting-" in path for path in object_store)
    assert ingest("mem://bucket/in/*", "mem://bucket/out", max_reject_share=0.3).skipped
    # Same size, and the store tells no time: its checksum shows the change.
    object_store["mem://bucket/in/mpd.slice.0-9.json"] = content.replace(b'"pid": 1', b'"pid": 7')
    assert not ingest("mem://bucket/in/*", "mem://bucket/out", max_reject_share=0.3).skipped


@pytest.mark.skipif(not REAL.is_dir(), reason="the real playlists are not there")
def test_real_playlists_all_pass_and_lack_what_they_lack(output):
    (path,) = REAL.glob("mpd.slice.0-*.json.gz")
    result = ingest(str(path), output)
    assert (result.playlists, result.rejects) == (500, {})
    for example in read_examples(output):
        assert not set(example.features.feature) & {"artist_uri", "album_uri", "modified_at"}
        assert example.features.feature["artist_name"].bytes_list.value

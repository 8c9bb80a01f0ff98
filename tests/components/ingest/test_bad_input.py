"""What comes of every kind of bad input, one beside a sound slice; docs/input.md has the same."""

from __future__ import annotations

import errno
import gzip
import json
import math
import os
import zlib
from pathlib import Path

import pytest

from components.ingest import job, reading
from components.ingest.options import IngestOptions

SOUND = {"pid": 1, "name": "sound", "tracks": [{"track_uri": f"spotify:track:{'s' * 22}"}]}
OPTIONS = IngestOptions(max_reject_share=1, max_unreadable_files=9)


def uri(letter: str = "a") -> str:
    return f"spotify:track:{letter * 22}"


def playlist(pid: object = 2, *, tracks: object = None, **fields: object) -> dict[str, object]:
    return {
        "pid": pid,
        "name": "x",
        "tracks": [{"track_uri": uri()}] if tracks is None else tracks,
        **fields,
    }


def slice_of(*playlists: object) -> bytes:
    return json.dumps({"info": {}, "playlists": list(playlists)}).encode()


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"tracks": [value]}
    return value


TRACK = {"track_uri": uri()}
UNREADABLE = {
    "truncated JSON": (slice_of(playlist())[:-9], "not JSON: "),
    "not JSON": (b"<html></html>", "not JSON: Expecting value"),
    "wrong encoding": (slice_of(playlist()).replace(b'"x"', b'"\xe9"'), "not JSON: "),
    "a list at the top": (b"[]", "a JSON array, not an object with 'playlists'"),
    "a string at the top": (b'"playlists"', "a JSON string, not an object with 'playlists'"),
    "playlists that are no list": (b'{"playlists": {"0": {}}}', "'playlists' is a JSON object"),
    "an empty file": (b"", "empty"),
    "gzip cut short": (gzip.compress(slice_of(playlist()), mtime=0)[:-9], "truncated gzip"),
    "damaged gzip": (b"\x1f\x8b" + b"\0" * 20, "damaged gzip: "),
    "nested rubbish at the top": (b"[" * 100_000, "not JSON: nested too deeply"),
    "nested rubbish in a playlist": (
        slice_of(playlist()).replace(b'"x"', b"[" * 9_999 + b"]" * 9_999),
        "not JSON: nested too deeply",
    ),
    "a number of 9,999 digits": (
        slice_of(playlist()).replace(b"2", b"9" * 9_999, 1),
        "not JSON: a number has thousands of digits",
    ),
    "gzip twice": (gzip.compress(gzip.compress(slice_of(), mtime=0), mtime=0), "not JSON: "),
}
REJECTED = {
    "a playlist that is none": ("text", "not_an_object"),
    "a negative pid": (playlist(-1), "invalid_pid"),
    "a huge pid": (playlist(2**63), "invalid_pid"),
    "a number of 400 digits": (playlist(int("9" * 400)), "invalid_pid"),
    "a pid twice in a file": (dict(SOUND), "duplicate_pid"),
    "a negative number": (playlist(num_edits=-1), "invalid_field"),
    "a huge number": (playlist(num_followers=2**63), "invalid_field"),
    "a huge duration": (playlist(tracks=[{**TRACK, "duration_ms": 10**400}]), "invalid_field"),
    "NaN": (playlist(num_edits=math.nan), "invalid_field"),
    "infinity": (playlist(num_edits=math.inf), "invalid_field"),
    "tracks that are no list": (playlist(tracks={"0": TRACK}), "invalid_tracks"),
    "no tracks": (playlist(tracks=[]), "missing_tracks"),
    "a track that is no object": (playlist(tracks=[TRACK, uri()]), "invalid_tracks"),
    "a URI that is a number": (playlist(tracks=[TRACK, {"track_uri": 7}]), "invalid_track_uri"),
    "tracks without URI only": (playlist(tracks=[{"track_name": "x"}]), "missing_tracks"),
    "a URI of something else": (
        playlist(tracks=[TRACK, {"track_uri": "spotify:album:" + "a" * 22}]),
        "invalid_track_uri",
    ),
    "local files only": (playlist(tracks=[{"track_uri": "spotify:local:a:b:c:1"}]),
                         "missing_tracks"),
    "nested rubbish in a playlist": (playlist(name=nested(100)), "invalid_field"),
    "nested rubbish for a playlist": (nested(100), "missing_pid"),
}  # fmt: skip
TAKEN = {
    "a string of a megabyte": (playlist(name="n" * 2**20), 1, {}),
    "control characters": (playlist(name="a\x00\x1b[2J\r\n"), 1, {}),
    "a lone surrogate": (
        playlist(
            name="a\ud800",
            description="\ufffd\ud83d\ude97",
            tracks=[{**TRACK, "track_name": "\udfff\udfff"}],
        ),
        1,
        {"halves_of_characters": 3},
    ),
    "100,000 tracks": (playlist(tracks=[TRACK] * 100_000), 100_000, {}),
    "a local file": (
        playlist(tracks=[TRACK, {"track_uri": "spotify:local:a:b:c:1"}]),
        1,
        {"local_files": 1},
    ),
    "an episode": (
        playlist(tracks=[{"track_uri": "spotify:episode:" + "e" * 22}, TRACK]),
        1,
        {"episodes": 1},
    ),
    "a track without URI": (
        playlist(tracks=[{"track_name": "x"}, TRACK, {"track_uri": ""}, {"track_uri": None}]),
        1,
        {"without_uri": 3},
    ),
    "fields that nobody knows": (playlist(rubbish=nested(100)), 1, {}),
    "NaN where nobody looks": (playlist(mood=math.nan), 1, {}),
}


@pytest.fixture
def ingested(tmp_path):
    """Ingests a sound slice and one more; gives the result and what was set aside of the other."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "mpd.slice.0-0.json").write_bytes(slice_of(SOUND))

    def run(content: bytes | None = None, name: str = "mpd.slice.1-1.json", **options):
        if content is not None:
            (source / name).write_bytes(content)
        result = job.ingest(str(source), str(tmp_path / "out"), OPTIONS.model_copy(update=options))
        result.counts.check()
        lines = [
            json.loads(line)
            for path in sorted(Path(tmp_path, "out").glob("rejects-*.jsonl"))
            for line in path.read_text().splitlines()
        ]
        assert result.read == result.playlists + len(lines)
        return result, lines

    run.source = source
    return run


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_slice_that_cannot_be_read_is_set_aside_whole(ingested, kind):
    content, told = UNREADABLE[kind]
    result, (line,) = ingested(content)
    assert (result.playlists, result.rejects) == (1, {"unreadable_file": 1})
    assert line["detail"].startswith(told)
    assert line["position"] is None


@pytest.mark.parametrize("kind", REJECTED)
def test_a_playlist_that_cannot_be_used_is_set_aside_alone(ingested, kind):
    raw, reason = REJECTED[kind]
    result, (line,) = ingested(slice_of(playlist(7), raw))
    assert (result.playlists, result.rejects) == (2, {reason: 1})
    assert (line["position"], line["reason"]) == (1, reason)


@pytest.mark.parametrize("kind", TAKEN)
def test_what_can_be_used_is(ingested, kind):
    raw, entries, left_out = TAKEN[kind]
    result, lines = ingested(slice_of(raw))
    assert (result.playlists, result.rejects, lines) == (2, {}, [])
    assert (result.tracks, result.left_out) == (1 + entries, left_out)


def test_an_empty_slice_gives_nothing_and_is_no_fault(ingested):
    result, lines = ingested(slice_of())
    assert (result.playlists, result.files, lines) == (1, 2, [])


def test_a_pid_in_two_files_is_taken_from_the_first(ingested):
    result, (line,) = ingested(slice_of(SOUND))
    assert (result.playlists, result.rejects) == (1, {"duplicate_pid": 1})
    assert line["detail"].startswith("pid 1 is kept from ")


@pytest.mark.parametrize("filling", [b" ", b"{},"])
def test_a_gzip_bomb_is_not_unpacked(ingested, filling):
    packer = zlib.compressobj(1, wbits=31)
    chunk = filling * 2**20
    sizes = range(0, 300 * 2**20, len(chunk))
    bomb = b"".join([*(packer.compress(chunk) for _ in sizes), packer.flush()])
    assert len(bomb) < 4 * 2**20
    result, (line,) = ingested(bomb)
    told = "more than 256 MiB of JSON (ingest.max_slice_mib)"
    assert (result.rejects, line["detail"]) == ({"unreadable_file": 1}, told)


def test_valid_json_below_the_limit_may_not_fill_the_memory(ingested):
    content = b'{"playlists": [' + b"{}," * 2**25 + b"{}]}"
    result, (line,) = ingested(gzip.compress(content, 1, mtime=0))
    told = "more than 16,777,216 values, which no slice has"
    assert (result.rejects, line["detail"]) == ({"unreadable_file": 1}, told)


def test_the_limit_of_a_slice_is_an_option_and_a_change_ingests_anew(ingested):
    large = slice_of(*(playlist(10 + number, name="n" * 2**17) for number in range(9)))
    result, lines = ingested(large, max_slice_mib=1)
    (line,) = lines
    assert line["detail"] == "more than 1 MiB of JSON (ingest.max_slice_mib)"
    result, lines = ingested(max_slice_mib=2)
    assert (result.playlists, lines) == (10, [])


def test_a_directory_named_like_a_slice_cannot_be_read(ingested):
    (ingested.source / "mpd.slice.1-1.json").mkdir()
    result, (line,) = ingested()
    assert (result.rejects, line["detail"]) == (
        {"unreadable_file": 1},
        "a directory, not a file",
    )


def test_a_file_that_may_not_be_read_is_told(ingested, monkeypatch):
    opened = reading.FileSystems.open

    def refused(path, *rest, **more):
        if path.endswith("1-1.json"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *rest, **more)

    monkeypatch.setattr(reading.FileSystems, "open", refused)
    result, (line,) = ingested(slice_of(playlist()))
    assert (result.rejects, line["detail"]) == (
        {"unreadable_file": 1},
        "cannot be opened: Permission denied",
    )

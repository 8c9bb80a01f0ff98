from __future__ import annotations

import gzip
import json
import os

import pytest

from components.ingest import reading
from components.ingest.errors import IngestError
from components.ingest.reading import UnreadableFileError, list_files, match_inputs, read_slice

SLICE = {"info": {}, "playlists": [{"pid": 1}, {"pid": 2}]}

# No time in it: a test's name holds it, and every process must give it the same.
EMPTY = gzip.compress(b'{"playlists": []}', mtime=0)


def names(files):
    return [os.path.basename(file.path) for file in files]


def test_a_directory_stands_for_its_slices_in_the_order_of_their_numbers(tmp_path):
    for name in ("mpd.slice.10000-10999.json", "mpd.slice.2000-2999.json.gz", "challenge.json"):
        (tmp_path / name).write_text("{}")
    found = match_inputs(str(tmp_path))
    assert names(found) == ["mpd.slice.2000-2999.json.gz", "mpd.slice.10000-10999.json"]
    assert match_inputs(f"{tmp_path}/") == [
        file._replace(path=f"{tmp_path}/{os.path.basename(file.path)}") for file in found
    ]


def test_a_directory_without_slices_stands_for_its_json(tmp_path):
    for name in ("b.json", "a.json.gz", "notes.txt"):
        (tmp_path / name).write_text("12")
    (tmp_path / "c.json").mkdir()
    found = match_inputs(str(tmp_path))
    assert names(found) == ["a.json.gz", "b.json"]
    assert [file.size for file in found] == [2, 2]
    assert found[0].modified == (tmp_path / "a.json.gz").stat().st_mtime


def test_a_file_and_a_pattern(tmp_path):
    odd = tmp_path / "data[1]"
    odd.mkdir()
    (odd / "x.json").write_text("")
    (odd / "y.txt").write_text("")
    assert names(match_inputs(str(odd / "x.json"))) == ["x.json"]
    assert names(match_inputs(str(odd))) == ["x.json"]
    assert names(match_inputs(str(tmp_path / "*" / "?.txt"))) == ["y.txt"]
    assert names(match_inputs(str(tmp_path / "**" / "*.json"))) == ["x.json"]


@pytest.mark.parametrize("pattern", ["", "nothing", "*.json", "unknown://bucket/x"])
def test_no_match_is_an_error_that_names_the_pattern(tmp_path, monkeypatch, pattern):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IngestError) as error:
        match_inputs(pattern)
    assert repr(pattern) in str(error.value)


def test_listing_a_directory_that_is_not_there_gives_nothing(tmp_path):
    assert list_files(str(tmp_path / "none"), ["*"]) == []


@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_gzip_is_told_by_content(tmp_path, name, packed):
    content = json.dumps(SLICE).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert read_slice(str(tmp_path / name)) == SLICE["playlists"]


@pytest.mark.parametrize(
    "content",
    [
        '\ufeff{"playlists": [1]}'.encode(),
        b'{"playlists": [1], "x": NaN}',
        rb'{"playlists": [1], "x": "\ud83d"}',
        '{"playlists": [1]}'.encode("utf-16"),
    ],
)
def test_json_that_only_the_standard_library_takes(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    assert read_slice(str(tmp_path / "x.json")) == [1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON: Expecting value"),
        (b"{", "not JSON: Expecting property name"),
        (b"\xff\xfe\xff", "not JSON: "),
        (b"[" * 100_000, "not JSON: "),
        (b"[]", "a JSON array, not an object with 'playlists'"),
        (b'{"info": {}}', "the object has no 'playlists'"),
        (b'{"playlists": {}}', "'playlists' is a JSON object, not an array"),
        (EMPTY[:-9], "truncated gzip"),
        (b"\x1f\x8b" + b"\0" * 20, "damaged gzip: Unknown compression method"),
        (EMPTY[:-8] + b"\0" * 8, "damaged gzip: CRC check failed"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UnreadableFileError) as error:
        read_slice(str(tmp_path / "x.json"))
    assert str(error.value).startswith(message)


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        read_slice(str(tmp_path / "gone.json"))


def test_a_gzip_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_SLICE_BYTES", 1000)
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b" " * 100_000 + b'{"playlists": []}'))
    with pytest.raises(UnreadableFileError, match="more than 1000 bytes"):
        read_slice(str(tmp_path / "x.json.gz"))

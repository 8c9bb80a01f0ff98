"""The challenge's file format, written and read."""

from __future__ import annotations

import gzip
import os
import pathlib

import pytest

from evaluation.submission import (
    SubmissionError,
    Team,
    Written,
    read_submission,
    write_submission,
)


def uri(number: int) -> str:
    return f"spotify:track:{number:022d}"


SEEDS: dict[int, tuple[str, ...]] = {1000003: (), 1000001: (uri(4), uri(5))}


def test_what_is_written_is_read(tmp_path: pathlib.Path) -> None:
    full = [uri(100 + rank) for rank in range(500)]
    path = tmp_path / "submission.csv"
    rows = [(1000001, full), (1000003, [uri(4), uri(9)])]
    assert write_submission(path, SEEDS, iter(rows), Team("us", "a@b.c")) == Written(2, 1)
    assert path.read_text().splitlines() == [
        "team_info,us,a@b.c",
        "1000001, " + ", ".join(full),
        f"1000003, {uri(4)}, {uri(9)}",
    ]
    packed = tmp_path / "submission.csv.gz"
    write_submission(packed, SEEDS, rows, Team("us", "a@b.c"))
    assert gzip.decompress(packed.read_bytes()) == path.read_bytes()
    assert read_submission(packed) == {"1000001": full, "1000003": [uri(4), uri(9)]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1000001, [])], "1 playlists have no recommendations, such as 1000003"),
        ([(5, [])], "playlist 5 is not in the challenge set"),
        ([(1000001, []), (1000001, [])], "playlist 1000001 is there twice"),
        ([(1000001, [uri(1), uri(1)])], f"track 2, {uri(1)}, is there twice"),
        ([(1000001, [uri(1), uri(5)])], f"track 2, {uri(5)}, is one of its seeds"),
        ([(1000001, [""])], "track 1, '', is not a track URI"),
        ([(1000003, [uri(n) for n in range(501)])], "501 tracks, at most 500 are allowed"),
    ],
)
def test_an_unsound_submission_is_not_written(
    tmp_path: pathlib.Path, rows: list, message: str
) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("before")
    with pytest.raises(SubmissionError, match=message):
        write_submission(path, SEEDS, rows)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["submission.csv"]


def test_team_info_is_no_formula(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    write_submission(path, {}, [], Team("=1+1", "+SUM@A1"))
    assert path.read_text() == "team_info,'=1+1,'+SUM@A1\n"


@pytest.mark.parametrize("name", ["", " ", "a,b", 'a"b', "a\nb"])
def test_a_team_must_fit_its_field(name: str) -> None:
    with pytest.raises(SubmissionError, match="is empty or has a comma"):
        Team(name)


@pytest.mark.parametrize("email", ["", "us", "a@", "@b", "a b@c"])
def test_an_address_has_two_parts(email: str) -> None:
    with pytest.raises(SubmissionError, match="email: "):
        Team("us", email)


@pytest.mark.parametrize(
    "text",
    [
        f"team_info,main,team,mail\n# comment\n\n1, {uri(1)}, {uri(2)}\n2\n",
        f"\ufeffTEAM_INFO,x,y\r\n1,{uri(1)},{uri(2)}\r\n2,\r\n",
        f'1,"{uri(1)}", "{uri(2)}"\n2\n',
        f"1, https://open.spotify.com/track/{1:022d}?si=x, {2:022d}\n2\n",
    ],
)
def test_what_people_write(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert read_submission(tmp_path / "a.csv") == {"1": [uri(1), uri(2)], "2": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1, a, a\n", "bad.csv:1: a track is recommended twice"),
        (f"1, {uri(1)}, {1:022d}\n", "bad.csv:1: a track is recommended twice"),
        ("1, a\n1, b\n", "bad.csv:2: playlist 1 occurs twice"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "bad.csv: a Git LFS .*pull"),
        ("1," + ",".join(f"t{i}" for i in range(501)), "501 recommendations, at most 500"),
        ('{"1": {"holdouts": ["a", "a"]}}', "bad.csv:1: .* is no playlist's number: expected"),
        ("Track URI,Name\n", "bad.csv:1: 'Track URI' is no playlist's number"),
        ("²,a\n", "is no playlist's number"),
        (f"{'x' * 40},a\n", f"bad.csv:1: '{'x' * 40}' is no playlist's number"),
        (f"{'x' * 41},a\n", f"bad.csv:1: '{'x' * 37}\\.\\.\\.' is no playlist's number"),
        ("", "bad.csv: holds no playlist: expected lines of pid, track_uri"),
        ("team_info,us,a@b.c\n", "bad.csv: holds no playlist"),
    ],
)
def test_bad_submissions_name_line_and_cause(
    tmp_path: pathlib.Path, text: str, message: str
) -> None:
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SubmissionError, match=message):
        read_submission(tmp_path / "bad.csv")


def test_files_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    whole = gzip.compress(f"1, {uri(1)}\n".encode())
    for name, content, message in (
        ("cut.csv.gz", whole[:-9], "Compressed file ended"),
        ("damaged.csv.gz", whole[:10] + b"\xff" * 20, "invalid block type"),
        ("latin.csv", "team_info,Grüße,a@b.c\n".encode("latin-1"), "no text in UTF-8 or UTF-16$"),
        ("half.csv", "1".encode("utf-16")[:-1], "no text in UTF-8 or UTF-16$"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SubmissionError, match=f"cannot be read: .*{message}"):
            read_submission(tmp_path / name)
    for name in ("none.csv", "."):
        with pytest.raises(SubmissionError, match="cannot be read: "):
            read_submission(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("packed", "name"), [(True, "s.csv"), (False, "s.csv.gz")])
def test_what_a_file_is_is_seen_from_its_bytes(
    tmp_path: pathlib.Path, encoding: str, packed: bool, name: str
) -> None:
    content = f"team_info,Grüße,a@b.c\r\n1, {uri(1)}, {uri(2)}\r\n".encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert read_submission(tmp_path / name) == {"1": [uri(1), uri(2)]}

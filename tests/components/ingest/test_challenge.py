from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
import tensorflow as tf

from components.ingest.challenge import (
    ChallengeError,
    Submission,
    read_challenge,
    write_submission,
)

REAL = Path(__file__).parents[3].parent / "shared/data/mpd-sample/validation_challenge_set.json.gz"


def uri(number):
    return f"spotify:track:{number:022d}"


def seed(number, pos):
    return {
        "pos": pos,
        "artist_name": "X",
        "track_uri": uri(number),
        "artist_uri": "spotify:artist:x",
        "track_name": "T",
        "album_uri": "spotify:album:x",
        "duration_ms": 1000,
        "album_name": "A",
    }


CHALLENGE = {
    "date": "2018-01-16 08:47:28.198015",
    "version": "v1",
    "playlists": [
        {"name": "title only", "num_holdouts": 9, "pid": 1000003, "num_tracks": 9, "tracks": [],
         "num_samples": 0},
        {"num_holdouts": 5, "pid": 1000001, "num_tracks": 7,
         "tracks": [seed(5, 6), seed(4, 2)], "num_samples": 2},
    ],
}  # fmt: skip


@pytest.fixture(params=["challenge_set.json", "challenge_set.json.gz"])
def challenge(tmp_path, request):
    path = tmp_path / request.param
    content = json.dumps(CHALLENGE).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return list(read_challenge(str(path)))


def test_playlists_are_read_in_the_order_of_the_file(challenge):
    titled, seeded = challenge
    assert (titled.pid, titled.name, titled.tracks) == (1000003, "title only", ())
    assert (seeded.pid, seeded.name, seeded.tracks) == (1000001, None, (uri(4), uri(5)))


def test_an_example_has_what_is_told_and_nothing_withheld(challenge):
    titled, seeded = (tf.train.Example.FromString(found.serialize()) for found in challenge)
    assert set(titled.features.feature) == {"pid", "name"}
    feature = seeded.features.feature
    assert set(feature) == {
        "pid", "track_uri", "track_name", "artist_uri", "artist_name", "album_uri", "album_name",
        "track_duration_ms",
    }  # fmt: skip
    assert feature["track_uri"].bytes_list.value == [uri(4).encode(), uri(5).encode()]
    assert feature["track_duration_ms"].int64_list.value == [1000, 1000]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON array, not an object with 'playlists'"),
        ('{"playlists": []}', "'playlists' is empty"),
        ('{"playlists": [{"pid": 1}, {"name": "x"}]}', r"playlists\[1\]: pid: absent"),
        (
            '{"playlists": [{"pid": 1}, {"pid": "1"}]}',
            r"\[1\]: pid 1 is also that of playlists\[0\]",
        ),
        ('{"playlists": [{"pid": 1, "tracks": [{}]}]}', r"tracks\[0\]\.track_uri: null is not"),
    ],
)
def test_a_bad_challenge_set_names_the_file_and_the_fault(tmp_path, content, message):
    path = tmp_path / "set.json"
    path.write_text(content)
    with pytest.raises(ChallengeError, match=message) as error:
        list(read_challenge(str(path)))
    assert str(error.value).startswith(f"{path}: ")


def test_a_missing_challenge_set(tmp_path):
    with pytest.raises(ChallengeError, match="cannot be opened"):
        list(read_challenge(str(tmp_path / "none.json")))


def test_a_submission_is_the_challenges_csv(challenge, tmp_path):
    full = [uri(100 + rank) for rank in range(500)]
    path = tmp_path / "submission.csv"
    rows = [(1000001, full), (1000003, [uri(4), uri(9)])]
    written = write_submission(path, challenge, iter(rows), team_name="us", contact="a@b.c")
    assert written == Submission(playlists=2, short=1)
    assert path.read_text().splitlines() == [
        "team_info,us,a@b.c",
        "1000001, " + ", ".join(full),
        f"1000003, {uri(4)}, {uri(9)}",
    ]
    packed = tmp_path / "submission.csv.gz"
    write_submission(packed, challenge, rows, team_name="us", contact="a@b.c")
    assert gzip.decompress(packed.read_bytes()) == path.read_bytes()


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
def test_an_unsound_submission_is_not_written(challenge, tmp_path, rows, message):
    path = tmp_path / "submission.csv"
    path.write_text("before")
    with pytest.raises(ChallengeError, match=message):
        write_submission(path, challenge, rows)
    assert path.read_text() == "before"
    assert not [name for name in os.listdir(tmp_path) if "partial" in name]


def test_team_info_is_no_formula(challenge, tmp_path):
    path = tmp_path / "x.csv"
    rows = [(1000001, []), (1000003, [])]
    write_submission(path, challenge, rows, team_name="=1+1", contact="@SUM(A1)")
    assert path.read_text().splitlines()[0] == "team_info,'=1+1,'@SUM(A1)"


@pytest.mark.parametrize("team_name", ["", " ", "a,b", 'a"b', "a\nb"])
def test_team_info_must_fit_one_field(challenge, tmp_path, team_name):
    with pytest.raises(ChallengeError, match="team_name: "):
        write_submission(tmp_path / "x.csv", challenge, [], team_name=team_name)


@pytest.mark.skipif(not REAL.is_file(), reason="the real playlists are not there")
def test_the_real_challenge_set_is_read():
    playlists = list(read_challenge(str(REAL)))
    assert len(playlists) == 500
    assert sum(playlist.name is None for playlist in playlists) == 100
    assert sum(not playlist.tracks for playlist in playlists) == 50

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest
import tensorflow as tf

from components.ingest.challenge import ChallengeError, read_challenge

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


@pytest.fixture(params=["challenge_set.json", "challenge_set.json.gz", "challenge.zip"])
def challenge(tmp_path, request):
    path = tmp_path / request.param
    content = json.dumps(CHALLENGE).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("challenge_set.json", content)
            archive.writestr("README.md", "x")
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
        ('{"playlists": [{"pid": 1, "tracks": [{}]}]}', "tracks without track_uri: 1"),
    ],
)
def test_a_bad_challenge_set_names_the_file_and_the_fault(tmp_path, content, message):
    path = tmp_path / "set.json"
    path.write_text(content)
    with pytest.raises(ChallengeError, match=message) as error:
        list(read_challenge(str(path)))
    assert str(error.value).startswith(f"{path}: ")


def test_a_missing_challenge_set(tmp_path):
    with pytest.raises(ChallengeError, match=r"cannot be opened: No such file or directory$"):
        list(read_challenge(str(tmp_path / "none.json")))


def test_links_are_tracks(tmp_path):
    link = uri(4).replace("spotify:track:", "https://open.spotify.com/intl-de/track/") + "?si=x"
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"playlists": [{"pid": 1, "tracks": [{"track_uri": link}]}]}))
    (found,) = read_challenge(str(path))
    assert found.tracks == (uri(4),)
    feature = tf.train.Example.FromString(found.serialize()).features.feature
    assert feature["track_uri"].bytes_list.value == [uri(4).encode()]


@pytest.mark.parametrize("content", ["[]", "{}", "Track URI,Name\n", "spotify:track:x\n"])
def test_another_format_is_told_what_is_read(tmp_path, content):
    path = tmp_path / "list"
    path.write_text(content)
    with pytest.raises(ChallengeError, match=r"expected a challenge set, .* reads other formats"):
        list(read_challenge(str(path)))


def test_playlists_without_a_number_are_for_another_command(tmp_path):
    path = tmp_path / "Playlist1.json"
    path.write_text(json.dumps({"playlists": [{"name": "x", "items": []}]}))
    with pytest.raises(ChallengeError, match="segue query --file continues playlists that have no"):
        list(read_challenge(str(path)))


@pytest.mark.skipif(not REAL.is_file(), reason="the real playlists are not there")
def test_the_real_challenge_set_is_read():
    playlists = list(read_challenge(str(REAL)))
    assert len(playlists) == 500
    assert sum(playlist.name is None for playlist in playlists) == 100
    assert sum(not playlist.tracks for playlist in playlists) == 50

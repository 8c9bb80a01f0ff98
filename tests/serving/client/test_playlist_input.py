from __future__ import annotations

import gzip
import io
import json
import pathlib

import pytest

from serving.client import playlist_from_arguments, read_mpd, read_playlists, track_uri
from serving.protocol import ConfigError, Playlist

ID = "0UaMYEvWZi0ZqiDOoHU3YI"
URI = f"spotify:track:{ID}"


@pytest.mark.parametrize(
    "text",
    [
        URI,
        ID,
        f" {URI}\n",
        f"https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com/track/{ID}?si=abc",
        f"https://open.spotify.com/intl-de/track/{ID}",
    ],
)
def test_forms_of_a_track(text: str) -> None:
    assert track_uri(text) == URI


@pytest.mark.parametrize(
    "text", ["", "spotify:track:short", "spotify:album:" + ID, "Bohemian Rhapsody", URI + "x"]
)
def test_what_is_no_track(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a track: expected spotify:track:ID"):
        track_uri(text)


def test_arguments() -> None:
    assert playlist_from_arguments("road", [ID]) == Playlist("road", (URI,))
    assert playlist_from_arguments() == Playlist()
    with pytest.raises(ConfigError):
        playlist_from_arguments("road", [ID, "nonsense"])


def test_uri_list(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"\ufeff# mine\n\n{URI}\nnonsense\n{ID}\n{URI}\n", encoding="utf-8")
    found = read_playlists(path, "road")
    assert found.playlists == (Playlist("road", (URI, URI, URI)),)  # repeats are kept
    assert len(found.skipped) == 1
    assert "line 4: 'nonsense' is not a track" in found.skipped[0]


def test_standard_input(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{URI}\n"))
    assert read_playlists("-").playlists == (Playlist("", (URI,)),)


SLICE = {
    "info": {},
    "playlists": [
        {"pid": 7, "name": "one", "tracks": [{"track_uri": URI, "pos": 0}, {"track_uri": "odd"}]},
        {"pid": 8, "tracks": [{"track_uri": URI}]},
        {"pid": 9, "name": "title only", "tracks": []},
        {"pid": 10},
        "nonsense",
        {"pid": 11, "name": 3},
        {"pid": 12, "name": "x", "tracks": "y"},
        {"pid": 13, "name": "x", "tracks": [{"no": "uri"}]},
    ],
}


@pytest.mark.parametrize("packed", [False, True])
def test_mpd_file(tmp_path: pathlib.Path, packed: bool) -> None:
    path = tmp_path / ("slice.json.gz" if packed else "slice.json")
    data = json.dumps(SLICE).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_playlists(path)
    assert found.playlists == (
        Playlist("one", (URI, "odd"), "7"),  # what a URI means is the server's to say
        Playlist("", (URI,), "8"),
        Playlist("title only", (), "9"),
    )
    assert [line.split(": ", 1)[1] for line in found.skipped] == [
        "it has neither name nor tracks",
        "expected an object, got str",
        "name must be a text, got int",
        "tracks must be a list, got str",
        "a track has no track_uri",
    ]


def test_some_of_a_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "slice.json"
    path.write_text(json.dumps(SLICE))
    found = read_mpd(path, ["9"])
    assert [playlist.key for playlist in found.playlists] == ["9"]
    with pytest.raises(ConfigError, match="holds no playlist with pid 4711"):
        read_mpd(path, ["9", "4711"])


def test_single_playlist(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"name": "x", "tracks": [URI]}))
    assert read_playlists(path).playlists == (Playlist("x", (URI,)),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b'{"playlists": 3}', "is not in MPD format"),
        (b"\x1f\x8bnonsense", "cannot read"),
        (b"{\xff", "cannot read"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: pathlib.Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_mpd(path)
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_playlists(tmp_path / "none")

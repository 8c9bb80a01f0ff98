"""Playlists as people have them: each format is read whole, or refused with what is read."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from serving.client import playlist_from_arguments, read_playlists
from serving.protocol import ConfigError, Playlist

IDS = [f"{number:022d}" for number in range(6)]
URIS = tuple(f"spotify:track:{track}" for track in IDS)
LINKS = [f"https://open.spotify.com/track/{track}?si=0123456789abcdef" for track in IDS]
EPISODE = "spotify:episode:" + "e" * 22
LOCAL = "spotify:local:Some+Band::Demo:241"

Write = Callable[..., pathlib.Path]


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    """Writes a file: text in an encoding, bytes as they are, anything else as JSON."""

    def run(content: Any, encoding: str = "utf-8", name: str = "file") -> pathlib.Path:
        path = tmp_path / name
        if not isinstance(content, bytes):
            text = content if isinstance(content, str) else json.dumps(content)
            content = text.encode(encoding)
        path.write_bytes(content)
        return path

    return run


def entry(uri: str | None = None, **other: Any) -> dict[str, Any]:
    """An item of a playlist of the account export."""
    track = uri and {"trackName": "Song", "artistName": "Band", "trackUri": uri}
    return {"track": track, "episode": None, "localTrack": None, "addedDate": "2024-01-01"} | other


def item(uri: str | None, **more: Any) -> dict[str, Any]:
    """An item of a playlist of the Web API."""
    return {"added_at": None, "track": uri and {"type": "track", "uri": uri, "name": "Song"} | more}


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return file.getvalue()


def test_arguments() -> None:
    assert playlist_from_arguments("road", [IDS[0], LINKS[1]]) == Playlist("road", URIS[:2])
    assert playlist_from_arguments() == Playlist()
    assert playlist_from_arguments("half \ud83d").name == "half \ufffd"
    with pytest.raises(ConfigError, match="'nonsense' is not a track"):
        playlist_from_arguments("road", [IDS[0], "nonsense"])


def test_the_account_export(write: Write) -> None:
    path = write(
        {
            "playlists": [
                {"name": "One", "lastModifiedDate": "2024-01-01", "items": [*map(entry, URIS)]},
                {
                    "name": "Two",
                    "items": [
                        entry(URIS[0]),
                        entry(episode={"episodeName": "x", "episodeUri": EPISODE}),
                        entry(localTrack={"uri": LOCAL}),
                        entry(localTrack={"uri": LOCAL}),
                        entry(),
                    ],
                },
                {"name": "Title alone", "items": []},
                {"name": "Local", "items": [entry(localTrack={"uri": LOCAL})]},
            ]
        }
    )
    found = read_playlists(path)
    assert found.playlists == (
        Playlist("One", URIS),
        Playlist("Two", URIS[:1]),
        Playlist("Title alone"),
    )
    assert found.skipped == (
        f"{path}, playlist 1: left out 1 episode, 2 local files, 1 track that is gone",
        f"{path}, playlist 3: none of its tracks can be used (1 local file)",
    )


def test_the_library_of_an_account(write: Write) -> None:
    library = {
        "tracks": [{"artist": "Band", "album": "LP", "track": "Song", "uri": uri} for uri in URIS],
        "albums": [{"artist": "Band", "album": "LP", "uri": "spotify:album:" + "a" * 22}],
        "shows": [],
        "episodes": [],
    }
    assert read_playlists(write(library)).playlists == (Playlist("", URIS),)


def test_an_account_export_of_old_without_uris_is_refused(write: Write) -> None:
    path = write({"playlists": [{"name": "x", "items": [{"track": {"trackName": "Song"}}]}]})
    with pytest.raises(ConfigError, match="1 track without a URI"):
        read_playlists(path)


@pytest.mark.parametrize(
    "document",
    [
        {"name": "Mix", "uri": "spotify:playlist:x", "tracks": {"items": [*map(item, URIS)]}},
        {"name": "Mix", "items": {"items": [{"item": {"uri": uri}} for uri in URIS]}},
        {"name": "Mix", "tracks": {"items": [{"uri": uri} for uri in URIS], "total": 6}},  # album
        [{"name": "Mix", "tracks": {"items": [*map(item, URIS)]}}],
    ],
)
def test_a_playlist_of_the_web_api(write: Write, document: Any) -> None:
    found = read_playlists(write(document))
    assert found.playlists == (Playlist("Mix", URIS),)
    assert found.skipped == ()


def test_a_page_of_the_web_api_says_that_there_are_more(write: Write) -> None:
    path = write(
        {"items": [item(URIS[0]), item(EPISODE), item(LOCAL), item(None)], "total": 9, "next": "x"}
    )
    found = read_playlists(path, "mine")
    assert found.playlists == (Playlist("mine", URIS[:1]),)
    assert found.skipped == (
        f"{path}: left out 1 episode, 1 local file, 1 track that is gone",
        f"{path}: it holds 4 of 9 tracks, one page of them",
    )


@pytest.mark.parametrize(
    "document",
    [
        [*URIS],
        LINKS,
        IDS,
        [{"uri": uri} for uri in URIS],
        [{"track_uri": uri, "name": "Song"} for uri in URIS],
        [{"name": "Song", "uri": uri} for uri in URIS],
        [item(uri) for uri in URIS],
    ],
)
def test_a_list_in_json(write: Write, document: Any) -> None:
    assert read_playlists(write(document)).playlists == (Playlist("", URIS),)


@pytest.mark.parametrize(
    "text",
    [
        "Track URI,Track Name\n" + "".join(f'"{uri}","A, b ""c"""\n' for uri in URIS),
        "\ufeffTrack Name;Spotify URI\r\n" + "".join(f"Song, of two;{uri}\r\n" for uri in URIS),
        "sep=;\nName;Link\n" + "".join(f"Song;{link}\n" for link in LINKS),
        "Name\tSpotify - id\tISRC\n" + "".join(f"Song\t{track}\tX\n" for track in IDS),
        "Album ID,Track ID\n" + "".join(f"{'a' * 22},{track}\n" for track in IDS),
        "Album URI,Track URI\n" + "".join(f"spotify:album:{i},spotify:track:{i}\n" for i in IDS),
        "".join(f"Song,{uri}\n" for uri in URIS),  # without a head
        'Track URI,Name\n"spotify:track:'
        + IDS[0]
        + '","two\nlines"\n'
        + "".join(f"{uri},x\n" for uri in URIS[1:]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_table(write: Write, text: str, encoding: str) -> None:
    if encoding == "utf-16":
        text = text.lstrip("\ufeff")
    found = read_playlists(write(text, encoding), "road")
    assert found.playlists == (Playlist("road", URIS),)
    assert found.skipped == ()


def test_a_table_of_several_playlists(write: Write) -> None:
    rows = [("One", URIS[0]), ("Two", URIS[1]), ("One", LOCAL), ("One", URIS[2]), ("Two", "")]
    path = write("Track name,Playlist name,URI\n" + "".join(f"x,{n},{u}\n" for n, u in rows))
    found = read_playlists(path)
    assert found.playlists == (Playlist("One", (URIS[0], URIS[2])), Playlist("Two", (URIS[1],)))
    assert found.skipped == (
        f"{path}, playlist 0: left out 1 local file",
        f"{path}, playlist 1: left out 1 track that is gone",
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_in_text(write: Write, encoding: str, end: str) -> None:
    lines = [URIS[0], LINKS[1], IDS[2], f"Song – Band {LINKS[3]}", f"{URIS[4]} {URIS[5]}", ""]
    text = end.join(["# mine" if "16-" not in encoding else URIS[0], "", *lines])
    found = read_playlists(write(text, encoding), "road")
    uris = URIS if "16-" not in encoding else (URIS[0], *URIS)  # repeats are kept
    assert found.playlists == (Playlist("road", uris),)
    assert found.skipped == ()


def test_lines_that_are_no_track_are_told(write: Write) -> None:
    path = write(f"{URIS[0]}\nnonsense\n{EPISODE}\n")
    found = read_playlists(path)
    assert found.playlists == (Playlist("", URIS[:1]),)
    assert found.skipped[0].startswith(f"{path}, line 2: 'nonsense' is not a track: expected")
    assert found.skipped[1].startswith(f"{path}, line 3: '{EPISODE}' names an episode, not a track")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{URIS[0]}\n"))
    assert read_playlists("-").playlists == (Playlist("", URIS[:1]),)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(URIS[0].encode("utf-16"))))
    assert read_playlists("-").playlists == (Playlist("", URIS[:1]),)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ConfigError, match="standard input is closed"):
        read_playlists("-")


SLICE = {
    "info": {},
    "playlists": [
        {
            "pid": 7,
            "name": "one",
            "tracks": [{"track_uri": URIS[0]}, {"track_uri": "no"}],
        },
        {"pid": 8, "tracks": [{"track_uri": LINKS[1]}]},
        {"pid": 9, "name": "title only", "tracks": []},
        {"pid": 10},
        "nonsense",
        {"pid": 11, "name": 3},
        {"pid": 12, "name": "x", "tracks": "y"},
        {"pid": 13, "name": "x", "tracks": [{"no": "uri"}, 3]},
    ],
}


@pytest.mark.parametrize("packed", [False, True])
def test_the_format_of_the_mpd(write: Write, packed: bool) -> None:
    data = json.dumps(SLICE).encode()
    path = write(gzip.compress(data) if packed else data)
    found = read_playlists(path)
    assert found.playlists == (
        Playlist("one", URIS[:1], "7"),
        Playlist("", URIS[1:2], "8"),
        Playlist("title only", (), "9"),
    )
    assert [line.split(": ", 1)[1] for line in found.skipped] == [
        "left out 'no', which is no track",
        "it has neither name nor tracks",
        "expected an object, got str",
        "name must be a text, got int",
        "tracks must be a list, got str",
        "none of its tracks can be used (2 tracks without a URI)",
    ]


def test_single_playlist(write: Write) -> None:
    path = write({"name": "x", "tracks": LINKS})
    assert read_playlists(path).playlists == (Playlist("x", URIS),)
    assert read_playlists(path, "mine").playlists == (Playlist("mine", URIS),)
    assert read_playlists(path, "").playlists == (Playlist("", URIS),)


def test_half_a_character_in_a_title_is_what_training_sees(write: Write) -> None:
    path = write('{"name": "road \\ud83d", "tracks": []}')
    assert read_playlists(path).playlists == (Playlist("road \ufffd"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. Read are: Spotify's account export"),
        (b" \n\n", "is empty"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "nested too deeply|is not JSON"),
        (b'{"playlists": 3}', "is in none of the formats that are read. Read are: "),
        (b'{"playlists": []}', "holds no playlist that can be used: it is empty"),
        (b"[]", "holds no playlist that can be used"),
        (b"{}", "is in none of the formats"),
        (b'["spotify:album:0000000000000000000000"]', "none of its tracks can be used .1 album"),
        (b"Song,Band\nA,B\n", "is in none of the formats"),
        (b"Bohemian Rhapsody\nAnother\n", "is in none of the formats"),
        (b'[{"endTime": "x", "artistName": "a", "trackName": "b"}]', "1 track without a URI"),
        (b"\x1f\x8bnonsense", "cannot read"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS .* lfs pull"),
        (b"/annex/objects/SHA256E-s1--0.json\n", "is a git-annex pointer: git annex get"),
        (b"PK\x03\x04rest", "is a zip archive: unpack it and give one of its files"),
        (
            zipped("MyData/Playlist1.json", "MyData/Userdata.json", "a.csv", "b.csv", "c.csv"),
            "give one of its files: MyData/Playlist1.json, a.csv, b.csv or 1 more",
        ),
        (zipped("MyData/Userdata.json"), "give one of its files"),
        (b"\x01\x00\x02\x03\x00\x00" * 9, "cannot read|is in none"),
        ("Stück,spotify:track:0".encode("latin-1"), "neither UTF-8 nor UTF-16 .byte 2"),
    ],
)
def test_what_is_refused(write: Write, content: bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_playlists(path)
    assert str(path) in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="none: No such file"):
        read_playlists(tmp_path / "none")
    with pytest.raises(ConfigError, match="Is a directory"):
        read_playlists(tmp_path)


def test_the_history_of_the_account_export(write: Write) -> None:
    plays = [{"ts": "2024", "spotify_track_uri": uri} for uri in (*URIS[:2], None)]
    found = read_playlists(write(plays))
    assert found.playlists == (Playlist("", URIS[:2]),)
    assert [line.split(": ", 1)[1] for line in found.skipped] == ["left out 1 track without a URI"]
    with pytest.raises(ConfigError, match=r"2 tracks without a URI\)\. Read are: Spotify's"):
        read_playlists(write([{"trackName": "a", "msPlayed": 3}] * 2))


def test_a_number_of_thousands_of_digits(write: Write) -> None:
    with pytest.raises(ConfigError, match="is not JSON: a number has thousands of digits"):
        read_playlists(write('{"name": 1' + "0" * 5000 + "}"))

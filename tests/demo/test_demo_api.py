"""The page's interface, in front of a real server with versions 1 (stable) and 2 (canary)."""

from __future__ import annotations

import json

import pytest

from demo import guard
from demo.api import MAX_TRACKS
from demo.backend import Track
from tests.serving import toy_model


def ranked(answer: dict) -> list[int]:
    return [int(track["uri"].split(":")[-1]) for track in answer["tracks"]]


def test_the_status_names_versions_and_labels(client, server):
    status = client.get("/api/status").json()
    assert status["target"] == server.target
    found = {entry["version"]: entry for entry in status["versions"]}
    assert list(found) == ["2", "1"]  # the latest first
    assert found["1"]["labels"] == ["stable"]
    assert found["2"]["labels"] == ["canary"]
    assert all(entry["available"] for entry in status["versions"])


def test_a_playlist_is_continued_by_the_latest_version(client):
    body = {"name": "", "tracks": [toy_model.uri(2), toy_model.uri(3)], "top": 3}
    answer = client.post("/api/continue", json=body).json()
    # Sums of 1 / (1 + distance) to tracks 2 and 3: tracks 1 and 4 get 1/2 + 1/3, then tracks 0 and
    # 5 get 1/3 + 1/4. Version 2 adds 200 to every score.
    assert answer["version"] == "2"
    assert ranked(answer) == [1, 4, 0]
    assert answer["tracks"][0]["score"] == pytest.approx(200 + 5 / 6, abs=1e-4)
    assert answer["tracks"][0]["title"] == "Track 1"
    assert answer["tracks"][0]["artist"] == "Artist 1"
    assert [track["rank"] for track in answer["tracks"]] == [1, 2, 3]


def test_a_version_can_be_chosen(client):
    answer = client.post("/api/continue", json={"version": "1", "top": 1}).json()
    # Without tracks, track 0 is the most popular with 8 points; version 1 adds 100.
    assert (answer["version"], ranked(answer)) == ("1", [0])
    assert answer["tracks"][0]["score"] == pytest.approx(108)


def test_a_title_alone_is_continued(client):
    answer = client.post("/api/continue", json={"name": "reverse", "top": 2}).json()
    assert ranked(answer) == [7, 6]


def test_adding_a_recommendation_changes_the_answer(client):
    first = client.post("/api/continue", json={"tracks": [toy_model.uri(0)]}).json()
    added = [toy_model.uri(0), first["tracks"][0]["uri"]]
    second = client.post("/api/continue", json={"tracks": added}).json()
    assert ranked(first)[0] == 1
    assert 1 not in ranked(second)


def test_every_track_of_the_catalogue_leaves_nothing(client):
    every = [toy_model.uri(index) for index in range(toy_model.TRACKS)]
    assert client.post("/api/continue", json={"tracks": every}).json()["tracks"] == []


def test_answers_teach_an_incomplete_catalogue(client, catalogue):
    client.post("/api/continue", json={"tracks": [toy_model.uri(0)], "top": 2})
    found = client.get("/api/search", params={"q": "track"}).json()["tracks"]
    assert [track["title"] for track in found] == ["Track 1", "Track 2"]
    catalogue.complete = True
    client.post("/api/continue", json={"top": 8})
    assert len(catalogue) == 2


def test_searching_gives_as_many_as_are_asked_for(client, catalogue):
    catalogue.add(Track(f"u{index}", f"Song {index}", "<b>Band</b>") for index in range(60))
    found = client.get("/api/search", params={"q": "song", "limit": 50}).json()["tracks"]
    assert len(found) == 50
    # JSON carries markup as it is; the page sets it as text.
    assert found[0] == {"uri": "u0", "title": "Song 0", "artist": "<b>Band</b>"}
    assert len(client.get("/api/search", params={"q": "song"}).json()["tracks"]) == 12


def test_links_and_uris_are_understood(client):
    known, unknown = toy_model.uri(4), "spotify:track:" + "z" * 22
    link = f"https://open.spotify.com/track/{known.split(':')[-1]}?si=abc"
    answer = client.post("/api/tracks", json={"tracks": [link, known, unknown, "no track"]}).json()
    assert answer["unreadable"] == 1
    assert answer["tracks"] == [
        {"uri": known, "title": "Track 4", "artist": "Artist 1"},
        {"uri": unknown, "title": "", "artist": ""},
    ]


def test_an_answer_says_what_it_rests_on(client):
    unknown = "spotify:track:" + "z" * 22
    link = toy_model.uri(2).replace("spotify:track:", "https://open.spotify.com/track/")
    known = client.post("/api/continue", json={"tracks": [link, unknown]}).json()
    assert ranked(known)[0] == 1
    assert (known["seeds"], known["seeds_known"], known["basis"]) == (2, 1, "tracks")
    assert not known["comparable"]
    assert known["scores"].startswith("the model's, from the known tracks")
    popular = client.post("/api/continue", json={"tracks": [unknown]}).json()
    assert (popular["seeds_known"], popular["basis"]) == (0, "popularity")
    assert popular["comparable"]
    assert popular["scores"].startswith("playlists of the training data")


def test_a_file_of_playlists_is_read(client):
    uris = [toy_model.uri(index % 8) for index in range(MAX_TRACKS + 60)]
    export = {
        "playlists": [
            {"name": "One", "items": [{"track": {"trackUri": uri}} for uri in uris]},
            {"name": "Two", "items": [{"localTrack": {"uri": "spotify:local:x"}}]},
        ]
    }
    answer = client.post("/api/playlists", content=json.dumps(export).encode("utf-16")).json()
    assert answer == {
        "playlists": [{"name": "One", "tracks": uris[:8], "count": MAX_TRACKS + 60}],
        "skipped": [
            "The file, playlist 1: none of its tracks can be used (1 local file)",
        ],
    }


def test_a_file_that_is_in_no_format_is_refused(client):
    response = client.post("/api/playlists", content=b"words")
    assert response.status_code == 422
    assert response.json()["error"].startswith("The file is in none of the formats that are read")
    large = {"content-length": str(guard.MAX_FILE + 1)}
    assert client.post("/api/playlists", headers=large).status_code == 413


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("continue", {"name": "x" * 301}, "name: String should have at most 300 characters"),
        ("continue", {"tracks": ["x"] * (MAX_TRACKS + 1)}, "tracks: List should have at most 250"),
        ("continue", {"tracks": ["x" * 301]}, "tracks.0: String should have at most 300"),
        ("continue", {"tracks": [7]}, "tracks.0: Input should be a valid string"),
        ("continue", {"top": 501}, "top: Input should be less than or equal to 500"),
        ("continue", {"top": 0}, "top: Input should be greater than or equal to 1"),
        ("continue", {"version": "latest"}, "version: String should match pattern"),
        ("continue", {"version": "9" * 19}, "version: String should match pattern"),
        ("continue", {"nmae": "typo"}, "nmae: Extra inputs are not permitted"),
        ("continue", [], "the request: "),
        ("tracks", {}, "tracks: Field required"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(client, path, body, words):
    response = client.post(f"/api/{path}", json=body)
    assert response.status_code == 422
    assert words in response.json()["error"]


@pytest.mark.parametrize("name", ["\x00", "é" * 300, "\U0001f3b8", "</script><script>alert(1)"])
def test_odd_titles_are_answered(client, name):
    assert client.post("/api/continue", json={"name": name, "top": 1}).status_code == 200


def test_half_a_character_is_refused(client):
    # A lone surrogate, which JSON can say and UTF-8 cannot.
    json_type = {"content-type": "application/json"}
    response = client.post("/api/continue", content=b'{"name": "\\ud800"}', headers=json_type)
    assert response.status_code == 422
    assert response.json()["error"].startswith("name: ")


def test_a_version_that_is_not_served_is_named(client):
    response = client.post("/api/continue", json={"version": "77"})
    assert response.status_code == 404
    assert "77" in response.json()["error"]


@pytest.mark.parametrize("path", ["/api/status", "/api/search?q=a", "/", "/static/main.js"])
def test_every_answer_forbids_foreign_content(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_a_server_that_is_away_is_named(away):
    for response in (away.get("/api/status"), away.post("/api/continue", json={})):
        assert response.status_code == 503
        assert response.json() == {"error": "No model server answers at 127.0.0.1:9."}
    # The page itself and the search need no server.
    assert away.get("/").status_code == 200
    assert away.get("/api/search?q=a").json() == {"tracks": []}


def test_large_bodies_are_refused_unread(client):
    response = client.post("/api/continue", content=b" " * (guard.MAX_BODY + 1))
    assert response.status_code == 413
    # A generator is sent in chunks, without a length.
    response = client.post("/api/continue", content=(part for part in (b"{", b"}")))
    assert response.status_code == 411


def test_the_largest_allowed_playlist_fits(client):
    body = {"name": "é" * 300, "tracks": ["x" * 300] * MAX_TRACKS, "top": 1}
    assert client.post("/api/continue", json=body).status_code == 200


def test_a_form_of_a_foreign_page_is_refused(client):
    response = client.post("/api/continue", content=b"{}", headers={"content-type": "text/plain"})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("host", "code"),
    [("localhost", 200), ("127.0.0.1:8600", 200), ("[::1]:8600", 200), ("evil.example", 400)],
)
def test_only_its_own_names_are_answered(client, host, code):
    assert client.get("/", headers={"host": host}).status_code == code


@pytest.mark.parametrize(
    ("host", "allowed"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("box", True)]
)
def test_other_names_are_allowed_where_the_page_is_public(host, allowed):
    assert ("*" in guard.allowed_hosts(host)) is allowed


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/static/../app.py", "/static/x"])
def test_there_is_nothing_else(client, path):
    assert client.get(path).status_code == 404

"""A track in any form that people copy it."""

from __future__ import annotations

import pytest

from schema.texts import whole
from schema.track_uris import (
    canonical,
    copied_tracks,
    is_artist_uri,
    is_track_uri,
    track_uri,
)

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
        f"https://open.spotify.com/track/{ID}/#0:30",
        f"http://open.spotify.com/intl-pt-br/track/{ID}?si=a&utm_source=b",
        f"open.spotify.com/intl-de/track/{ID}",
        f"<https://open.spotify.com/track/{ID}>",
        f"https://open.spotify.com/embed/track/{ID}?utm_source=generator",
        f"https://open.spotify.com/embed?uri={URI}",
        f"https://embed.spotify.com/?uri=spotify%3Atrack%3A{ID}",
        f"https://play.spotify.com/track/{ID}",
        f"https://open.spotify.com/user/somebody/track/{ID}",
        f"https://open.spotify.com/album/{'a' * 22}?highlight={URI}",
        f"spotify:user:somebody:track:{ID}",
        f"spotify://track/{ID}",
        f'<iframe src="https://open.spotify.com/embed/track/{ID}" width="100%"></iframe>',
    ],
)
def test_forms_of_a_track(text: str) -> None:
    assert track_uri(text) == canonical(text) == URI


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a track: expected spotify:track:ID, https://"),
        ("spotify:track:short", "is not a track"),
        (URI + "x", "is not a track"),
        ("Bohemian Rhapsody", "is not a track"),
        (f"{URI} spotify:track:{'a' * 22}", "is not a track"),
        ("spotify:album:" + ID, "names an album, not a track"),
        ("spotify:local:Band:LP:Song:12", "names a local file, not a track"),
        (f"https://open.spotify.com/intl-fr/episode/{ID}", "names an episode, not a track"),
        (f"spotify:user:somebody:playlist:{ID}", "names a playlist, not a track"),
        (f"https://open.spotify.com/user/somebody/playlist/{ID}?si=x", "names a playlist"),
        ("spotify:user:somebody", "names a user"),
    ],
)
def test_what_is_no_track(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        track_uri(text)
    assert canonical(text) == text


def test_all_tracks_of_a_text() -> None:
    other = "spotify:track:" + "a" * 22
    text = f"first {other}, then https://open.spotify.com/track/{ID}?si=1 and {other}; not {ID}"
    assert copied_tracks(text) == [other, URI, other]


def test_a_uri_is_no_link() -> None:
    assert is_track_uri(URI)
    assert not is_track_uri(f"https://open.spotify.com/track/{ID}")
    assert not is_track_uri(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("road 🚗", "road 🚗"),
        ("\ud83d", "\ufffd"),
        ("\ud83d\ude97", "🚗"),
        ("\ude97!", "\ufffd!"),
    ],
)
def test_text_with_halves_of_characters(text: str, expected: str) -> None:
    assert whole(text) == expected


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (f"spotify:artist:{'a1' * 11}", True),
        (f"spotify:track:{'a1' * 11}", False),
        (f"spotify:artist:{'a1' * 11}\n", False),
        (f"spotify:artist:{'a1' * 10}", False),
        (None, False),
    ],
)
def test_uris_of_artists(text: object, is_one: bool) -> None:
    assert is_artist_uri(text) is is_one

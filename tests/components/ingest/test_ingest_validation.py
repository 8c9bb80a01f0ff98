from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ingest.reasons import Reason
from components.ingest.validation import Playlist, Reject, validate
from components.ingest.values import INT64_MAX
from schema import features
from schema.track_uris import is_track_uri

PLAYLIST_BYTES = (features.PID, features.NAME, features.DESCRIPTION, features.COLLABORATIVE)


def uri(letter):
    return "spotify:track:" + letter * 22


def track(letter, **fields):
    return {"track_uri": uri(letter), **fields}


def playlist(**fields):
    return {"pid": 7, "tracks": [track("a")], **fields}


def rejected(raw):
    found = validate(raw)
    assert isinstance(found, Reject), found
    return found


def test_a_full_playlist_keeps_every_value():
    raw = {
        "name": "Road trip 🚗",
        "description": "for the drive",
        "collaborative": "false",
        "pid": 12,
        "modified_at": 1_493_424_000,
        "num_tracks": 2,
        "num_albums": 2,
        "num_followers": 3,
        "num_edits": 4,
        "duration_ms": 500_000,
        "num_artists": 1,
        "tracks": [
            track("a", pos=0, track_name="A", artist_uri="x", artist_name="X", album_uri="p",
                  album_name="P", duration_ms=200_000),
            track("b", pos=1, track_name="B", artist_uri="x", artist_name="X", album_uri="q",
                  album_name="Q", duration_ms=300_000),
        ],
    }  # fmt: skip
    found = validate(raw)
    assert isinstance(found, Playlist)
    assert (found.pid, found.num_tracks) == (12, 2)
    assert found.features == {
        "pid": [b"12"],
        "name": ["Road trip 🚗".encode()],
        "description": [b"for the drive"],
        "collaborative": [b"false"],
        "modified_at": [1_493_424_000],
        "num_followers": [3],
        "num_edits": [4],
        "duration_ms": [500_000],
        "track_uri": [uri("a").encode(), uri("b").encode()],
        "track_name": [b"A", b"B"],
        "artist_uri": [b"x", b"x"],
        "artist_name": [b"X", b"X"],
        "album_uri": [b"p", b"q"],
        "album_name": [b"P", b"Q"],
        "track_duration_ms": [200_000, 300_000],
    }
    assert set(found.features) == {
        *PLAYLIST_BYTES, *features.PLAYLIST_INTS, *features.TRACK_FEATURES
    }  # fmt: skip


def test_what_is_absent_or_null_stays_absent():
    raw = playlist(name=None, num_followers=None, tracks=[track("a", artist_name=None)])
    assert validate(raw).features == {"pid": [b"7"], "track_uri": [uri("a").encode()]}


def test_fields_of_only_some_tracks_are_padded():
    raw = playlist(
        tracks=[track("a", track_name="A"), track("b", duration_ms=5), track("c", track_name=None)]
    )
    found = validate(raw).features
    assert found["track_name"] == [b"A", b"", b""]
    assert found["track_duration_ms"] == [-1, 5, -1]
    assert "album_name" not in found


def test_repeated_tracks_are_kept():
    assert validate(playlist(tracks=[track("a"), track("a")])).num_tracks == 2


def test_tracks_follow_their_positions():
    tracks = [track("c", pos=9), track("a", pos=1), track("b", pos=4)]
    found = validate(playlist(tracks=tracks)).features["track_uri"]
    assert found == [uri(letter).encode() for letter in "abc"]


def test_tracks_stay_in_place_where_a_position_is_missing():
    tracks = [track("c", pos=9), track("a"), track("b", pos=4)]
    found = validate(playlist(tracks=tracks)).features["track_uri"]
    assert found == [uri(letter).encode() for letter in "cab"]


def test_halves_of_surrogate_pairs_are_replaced_and_pairs_are_joined():
    # JSON may spell an emoji as two escapes, and cut texts between them.
    raw = json.loads(r'{"name": "lone \ud83d!", "description": "pair \ud83d\ude97"}')
    mended = validate(playlist(**raw))
    assert mended.left_out == {"halves_of_characters": 1}
    found = mended.features
    assert found["name"] == ["lone \ufffd!".encode()]
    assert found["description"] == ["pair 🚗".encode()]
    # Python itself may hold the halves side by side.
    assert validate(playlist(name="\ud83d\ude97")).features["name"] == ["🚗".encode()]


@pytest.mark.parametrize(
    ("pid", "expected"),
    [
        (0, 0),
        ("7", 7),
        ("007", 7),
        (7.0, 7),
        ("7.0", 7),
        (2.0**53, 2**53),
        (INT64_MAX, INT64_MAX),
        (str(INT64_MAX), INT64_MAX),
    ],
)
def test_pids_are_whole_numbers_also_as_strings_and_floats(pid, expected):
    found = validate(playlist(pid=pid))
    assert found.pid == expected
    assert found.features["pid"] == [str(expected).encode()]


@pytest.mark.parametrize(
    "pid",
    [
        -1,
        1.5,
        -1.0,
        float("nan"),
        float("inf"),
        2.0**54,
        True,
        "x",
        "",
        "-1",
        "1 ",
        "1.5",
        "1e3",
        "¹",
        "٣",
        [1],
        {},
        INT64_MAX + 1,
        "9" * 19,
    ],
)
def test_other_pids_are_invalid(pid):
    found = rejected(playlist(pid=pid))
    assert found.reason == Reason.INVALID_PID
    assert found.pid is None
    assert found.detail.endswith("is not a whole number from 0 to 2^63-1")


def test_numbers_of_playlists_and_tracks_may_be_strings_and_floats():
    raw = playlist(
        modified_at=1_493_424_000.0,
        num_followers="3",
        tracks=[track("b", pos="10", duration_ms=5.0), track("a", pos="9", duration_ms="180000")],
    )
    found = validate(raw).features
    assert (found["modified_at"], found["num_followers"]) == ([1_493_424_000], [3])
    assert found["track_uri"] == [uri("a").encode(), uri("b").encode()]
    assert found["track_duration_ms"] == [180_000, 5]
    assert all(type(value) is int for value in found["track_duration_ms"])


def test_local_files_and_episodes_are_left_out_and_counted():
    others = [
        "spotify:local:Some+One:An+Album:A+Song:215",
        "spotify:local:::x:1",
        "spotify:episode:" + "e" * 22,
        "https://open.spotify.com/episode/" + "e" * 22 + "?si=1",
        "spotify:local:a:b:c:2",
    ]
    tracks = [track("b", pos=6), *({"track_uri": u, "pos": 3} for u in others), track("a", pos=0)]
    found = validate(playlist(tracks=tracks))
    assert found.left_out == {"local_files": 3, "episodes": 2}
    assert found.num_tracks == 2
    assert found.features["track_uri"] == [uri("a").encode(), uri("b").encode()]


def test_tracks_without_uri_are_left_out_and_counted_wherever_they_stand():
    none = [{"pos": 0}, {"pos": 2, "track_uri": None}, {"pos": 3, "track_uri": ""}]
    found = validate(playlist(tracks=[*none, track("b", pos=4), track("a", pos=1)]))
    assert (found.left_out, found.num_tracks) == ({"without_uri": 3}, 2)
    assert found.features["track_uri"] == [uri("a").encode(), uri("b").encode()]


def test_a_bad_value_is_named_by_its_place_in_the_input():
    tracks = [
        {"track_uri": "spotify:local:x"},
        track("b", pos=9),
        track("a", pos=1, duration_ms=-1),
    ]
    assert rejected(playlist(tracks=tracks)).detail.startswith("tracks[2].duration_ms: -1 is not")


@pytest.mark.parametrize("collaborative", [True, "true"])
def test_collaborative_may_be_a_boolean(collaborative):
    assert validate(playlist(collaborative=collaborative)).features["collaborative"] == [b"true"]


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        (None, Reason.NOT_AN_OBJECT, "a JSON null, not an object"),
        ([], Reason.NOT_AN_OBJECT, "a JSON array, not an object"),
        (3.5, Reason.NOT_AN_OBJECT, "a JSON number, not an object"),
        ({"tracks": []}, Reason.MISSING_PID, "pid: absent"),
        ({"pid": None}, Reason.MISSING_PID, "pid: absent"),
        ({"pid": 1}, Reason.MISSING_TRACKS, "tracks: absent"),
        (playlist(tracks=[]), Reason.MISSING_TRACKS, "tracks: empty"),
        (playlist(tracks="x"), Reason.INVALID_TRACKS, "tracks: a JSON string, not an array"),
        (playlist(tracks={}), Reason.INVALID_TRACKS, "tracks: a JSON object, not an array"),
        (
            playlist(tracks=[track("a"), uri("b")]),
            Reason.INVALID_TRACKS,
            "tracks[1]: a JSON string, not an object",
        ),
        (
            playlist(tracks=[track("a"), {"pos": 1, "track_uri": 5}]),
            Reason.INVALID_TRACK_URI,
            "tracks[1].track_uri: 5 is not spotify:track: and 22 letters and digits",
        ),
        (
            playlist(tracks=[{"track_uri": "spotify:album:x"}]),
            Reason.INVALID_TRACK_URI,
            "tracks[0].track_uri: 'spotify:album:x' is not spotify:track: and 22 letters "
            "and digits",
        ),
        (
            playlist(tracks=[{"track_uri": "spotify:local:x"}, {"pos": 1}]),
            Reason.MISSING_TRACKS,
            "tracks: local files, without uri only",
        ),
        (
            playlist(num_followers="many"),
            Reason.INVALID_FIELD,
            "num_followers: 'many' is not a whole number from 0 to 2^63-1",
        ),
        (
            playlist(modified_at=INT64_MAX + 1),
            Reason.INVALID_FIELD,
            "modified_at: a number beyond 64 bits is not a whole number from 0 to 2^63-1",
        ),
        (
            playlist(num_edits=True),
            Reason.INVALID_FIELD,
            "num_edits: True is not a whole number from 0 to 2^63-1",
        ),
        (
            playlist(tracks=[track("a", duration_ms=-1)]),
            Reason.INVALID_FIELD,
            "tracks[0].duration_ms: -1 is not a whole number from 0 to 2^63-1",
        ),
        (
            playlist(tracks=[track("a", pos="first")]),
            Reason.INVALID_FIELD,
            "tracks[0].pos: 'first' is not a whole number from 0 to 2^63-1",
        ),
        (playlist(name=12), Reason.INVALID_FIELD, "name: 12 is not a string"),
        (playlist(name=0), Reason.INVALID_FIELD, "name: 0 is not a string"),
        (playlist(name=[]), Reason.INVALID_FIELD, "name: a JSON array is not a string"),
        (
            playlist(tracks=[track("a"), track("b", artist_name=False)]),
            Reason.INVALID_FIELD,
            "tracks[1].artist_name: False is not a string",
        ),
        (
            playlist(collaborative="maybe"),
            Reason.INVALID_FIELD,
            'collaborative: \'maybe\' is not "true" or "false"',
        ),
    ],
)
def test_rejects_name_the_field_and_the_value(raw, reason, detail):
    found = rejected(raw)
    assert (found.reason, found.detail) == (reason, detail)
    has_pid = isinstance(raw, dict) and raw.get("pid") is not None
    assert found.pid == (raw["pid"] if has_pid else None)


def test_long_values_are_shown_in_part():
    found = rejected(playlist(num_edits="x" * 10_000))
    assert len(found.detail) < 150


@pytest.mark.parametrize("tracks", [{}, {"tracks": None}, {"tracks": []}])
def test_a_challenge_playlist_may_have_no_tracks(tracks):
    found = validate({"pid": 1, "name": "x", **tracks}, allow_no_tracks=True)
    assert found == Playlist(1, 0, {"pid": [b"1"], "name": [b"x"]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (uri("a"), True),
        ("spotify:track:" + "a" * 21, False),
        ("spotify:track:" + "a" * 23, False),
        ("spotify:album:" + "a" * 22, False),
        (uri("a") + "\n", False),
        (uri("é"), False),
        (b"x", False),
        (None, False),
    ],
)
def test_track_uris(value, expected):
    assert is_track_uri(value) is expected


TEXT = st.text(st.characters(), max_size=8)  # lone surrogates too
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = [*PLAYLIST_BYTES, *features.PLAYLIST_INTS]
TRACK = st.fixed_dictionaries(
    {"track_uri": st.sampled_from([uri("a"), uri("b")]) | JSON_VALUE},
    optional={
        key: JSON_VALUE | TEXT | st.integers(0, INT64_MAX)
        for key in ("pos", "track_name", "artist_name", "album_uri", "duration_ms")
    },
)
NEARLY = st.fixed_dictionaries(
    {"pid": st.integers(0, 9) | JSON_VALUE},
    optional={
        "tracks": st.lists(TRACK | JSON_VALUE, max_size=4) | st.lists(TRACK) | JSON_VALUE,
        **{key: JSON_VALUE | TEXT for key in FIELDS if key != "pid"},
    },
)


@settings(deadline=None)
@given(JSON_VALUE | NEARLY, st.booleans())
def test_no_json_raises_and_what_passes_is_sound(raw, allow_no_tracks):
    found = validate(raw, allow_no_tracks=allow_no_tracks)
    if isinstance(found, Reject):
        found.detail.encode()
        assert len(found.detail) < 250
        return
    assert found.num_tracks or allow_no_tracks
    for key, values in found.features.items():
        kind = bytes if key in (*PLAYLIST_BYTES, *features.TRACK_BYTES) else int
        assert all(type(value) is kind for value in values)
        assert len(values) == (found.num_tracks if key in features.TRACK_FEATURES else 1)
        for value in values:
            if kind is bytes:
                value.decode()
            else:
                assert -1 <= value <= INT64_MAX

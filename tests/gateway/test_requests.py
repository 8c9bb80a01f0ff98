"""What a request may say, and how it is told what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.requests import BadRequestError, parsed
from tests.gateway.making import KNOWN, uri

SOUND = {"listener_id": KNOWN, "surface": "home"}


def test_a_whole_request() -> None:
    found = parsed(
        json.dumps(
            {
                **SOUND,
                "recent_tracks": [uri(1)],
                "n": 10,
                "session_id": "visit-1",
                "explicit": False,
                "market": "DE",
            }
        ).encode()
    )
    assert (found.listener_id, found.recent_tracks, found.n) == (KNOWN, [uri(1)], 10)
    assert (found.explicit, found.market) == (False, "DE")
    assert parsed(json.dumps(SOUND).encode()).n is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"listener_id": None}, "listener_id: "),
        ({"listener_id": "alice@example.com"}, "listener_id: String should match pattern"),
        ({"listener_id": KNOWN.upper().replace("0", "A")}, "listener_id: "),
        ({"surface": "two words"}, "surface: "),
        ({"recent_tracks": ["spotify:track:x"]}, "recent_tracks.0: "),
        ({"recent_tracks": [uri(1)] * 301}, "recent_tracks: "),
        ({"n": 0}, "n: "),
        ({"n": "5"}, "n: "),
        ({"n": 1.5}, "n: "),
        ({"n": True}, "n: "),
        ({"market": "de"}, "market: "),
        ({"session_id": ""}, "session_id: "),
        ({KNOWN: 1}, "there is a field too many; there are listener_id, surface"),
    ],
)
def test_what_is_wrong_is_told_without_what_was_sent(change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parsed(json.dumps({**SOUND, **change}).encode())
    assert str(caught.value).startswith(says)
    assert KNOWN not in str(caught.value)
    assert "alice" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 9999, b"1" * 5000]
)
def test_what_is_no_object(content: bytes) -> None:
    with pytest.raises(BadRequestError):
        parsed(content)

"""Events on the wire: what is read, and the one reason for which the rest is refused."""

from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest

from schema.events import (
    KINDS,
    MAX_AHEAD,
    MAX_BYTES,
    REASONS,
    SCHEMA_VERSION,
    AnyEvent,
    Impression,
    RefusedError,
    Stream,
    encode,
    parse,
)

NOW = 1_795_800_000_000_000
LISTENER = "0123456789abcdef" * 2
TRACK = "spotify:track:" + "a1B2" * 5 + "zz"
COMMON = {
    "schema_version": "1.0",
    "idempotency_key": "k-000001",
    "event_time": NOW - 1,
    "listener_id": LISTENER,
}
HEARD = {"track_uri": TRACK, "ms_played": 31_000, "track_ms": 200_000, "source": "playlist"}
OF_TYPE: dict[str, dict[str, Any]] = {
    "stream": {**HEARD, "session_id": "s1"},
    "skip": {**HEARD, "request_id": "r1"},
    "save": {"track_uri": TRACK, "source": "recommendation", "request_id": "r1"},
    "playlist_add": {"track_uri": TRACK, "playlist_uri": "spotify:playlist:" + "p" * 22},
    "follow": {"followed_artist": "spotify:artist:" + "A" * 22},
    "impression": {
        "session_id": "s1",
        "track_uri": TRACK,
        "request_id": "r1",
        "surface": "home",
        "position": 0,
        "model_version": "1795296127",
        "candidate_set": "c1",
        "propensity": 0.25,
        "experiment": "explore",
        "arm": "treatment",
    },
}


def message(kind: str = "stream", **changed: Any) -> bytes:
    values = {"type": kind, **COMMON, **OF_TYPE[kind], **changed}
    return json.dumps({key: value for key, value in values.items() if value != "-"}).encode()


def refused(content: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        parse(content, NOW)
    assert caught.value.reason in REASONS
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_comes_back_as_it_was_written(kind: str) -> None:
    event = parse(message(kind), NOW)
    assert type(event) is KINDS[kind]
    assert event.model_dump(exclude_none=True) == {"type": kind, **COMMON, **OF_TYPE[kind]}
    assert parse(encode(event), NOW) == event
    assert b"null" not in encode(event)


def test_every_type_is_here_and_written_in_this_version() -> None:
    assert OF_TYPE.keys() == KINDS.keys()
    assert COMMON["schema_version"] == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"type": "listen"}, "unknown_type", "type"),
        ({"type": 7}, "unknown_type", "type"),
        ({"type": ["stream"]}, "unknown_type", "type"),
        ({"type": "-"}, "missing_field", "type"),
        ({"type": None}, "missing_field", "type"),
        ({"ms_played": "-"}, "missing_field", "ms_played"),
        ({"ms_played": None}, "missing_field", "ms_played"),
        ({"listener_id": "-"}, "missing_field", "listener_id"),
        ({"schema_version": "-"}, "missing_field", "schema_version"),
        ({"ms_played": "31000"}, "wrong_type", "ms_played"),
        ({"ms_played": 31_000.5}, "wrong_type", "ms_played"),
        ({"ms_played": True}, "wrong_type", "ms_played"),
        ({"ms_played": [1]}, "wrong_type", "ms_played"),
        ({"schema_version": 1.0}, "wrong_type", "schema_version"),
        ({"session_id": 5}, "wrong_type", "session_id"),
        ({"ms_played": -1}, "negative", "ms_played"),
        ({"event_time": -1}, "negative", "event_time"),
        ({"ms_played": 86_400_001}, "out_of_range", "ms_played"),
        ({"track_ms": 0}, "out_of_range", "track_ms"),
        ({"event_time": 0}, "out_of_range", "event_time"),
        ({"event_time": 946_684_799_999_999}, "out_of_range", "event_time"),
        ({"source": "s" * 65}, "too_long", "source"),
        ({"idempotency_key": "k" * 65}, "too_long", "idempotency_key"),
        ({"listener_id": LISTENER + "0"}, "too_long", "listener_id"),
        ({"listener_id": "ada@example.org"}, "bad_format", "listener_id"),
        ({"listener_id": LISTENER.upper()}, "bad_format", "listener_id"),
        ({"track_uri": "spotify:track:short"}, "bad_format", "track_uri"),
        ({"source": ""}, "bad_format", "source"),
        ({"source": "playlist\n"}, "bad_format", "source"),
        ({"idempotency_key": "k"}, "bad_format", "idempotency_key"),
        ({"schema_version": "1"}, "bad_format", "schema_version"),
        ({"schema_version": "0.9"}, "bad_format", "schema_version"),
        ({"schema_version": "1." + "0" * 20}, "too_long", "schema_version"),
        ({"schema_version": "2.0"}, "unsupported_version", "schema_version"),
        ({"schema_version": "10.3", "type": "new"}, "unsupported_version", "schema_version"),
    ],
)
def test_a_flaw_has_one_reason(change: dict[str, Any], reason: str, field: str) -> None:
    found = refused(message(**change))
    assert (found.reason, found.field) == (reason, field)
    assert str(found).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"propensity": 0}, "out_of_range", "propensity"),
        ({"propensity": 1.5}, "out_of_range", "propensity"),
        ({"propensity": -0.5}, "negative", "propensity"),
        ({"position": -1}, "negative", "position"),
        ({"session_id": "-"}, "missing_field", "session_id"),
        ({"experiment": 3}, "wrong_type", "experiment"),
    ],
)
def test_flaws_of_impressions(change: dict[str, Any], reason: str, field: str) -> None:
    found = refused(message("impression", **change))
    assert (found.reason, found.field) == (reason, field)


def test_a_propensity_may_be_a_whole_number_and_an_experiment_absent() -> None:
    event = parse(message("impression", propensity=1, experiment="-", arm=None))
    assert isinstance(event, Impression)
    assert (event.propensity, event.experiment, event.arm) == (1, None, None)


@pytest.mark.parametrize(
    "followed", [{"followed_artist": None}, {"followed_listener": LISTENER}], ids=("none", "both")
)
def test_a_follow_names_one_whom(followed: dict[str, Any]) -> None:
    found = refused(message("follow", **followed))
    assert (found.reason, found.field) == ("missing_field", None)
    assert "exactly one of followed_listener and followed_artist" in str(found)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_json"),
        (b"stream", "not_json"),
        (b'{"type": "stream"', "not_json"),
        (b"\xff\xfe{}", "not_json"),
        (b'{"type": "\xff"}', "not_json"),
        (b'{"type": "\\ud83c"}', "not_json"),
        (b"[" * 9_000, "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"stream"', "not_an_object"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a" :1, "b": {"c": 1, "c": 2}}', "duplicate_key"),
        (b'{"a\\u0062": 1, "ab": 2}', "duplicate_key"),
        (message().replace(b"31000", b"NaN"), "not_finite"),
        (message().replace(b"31000", b"-Infinity"), "not_finite"),
        (message().replace(b"31000", b"1e999"), "not_finite"),
        (b'{"type": "%s"}' % (b"s" * MAX_BYTES), "too_large"),
    ],
)
def test_what_is_no_message_has_one_reason(content: bytes, reason: str) -> None:
    found = refused(content)
    assert (found.reason, found.field) == (reason, None)


@pytest.mark.parametrize(
    "twice",
    [b'{"type": "stream", ', b'{"type" : "stream", ', b'{ "type":\n"stream",', b'{"typ\\u0065":1,'],
)
def test_no_spelling_hides_a_key_that_stands_twice(twice: bytes) -> None:
    assert refused(message().replace(b"{", twice, 1)).reason == "duplicate_key"


def test_a_message_of_the_most_bytes_is_read() -> None:
    padded = message(note="-") + b" " * (MAX_BYTES - len(message(note="-")))
    assert len(padded) == MAX_BYTES
    assert isinstance(parse(padded, NOW), Stream)
    assert refused(padded + b" ").reason == "too_large"


def test_a_clock_may_be_ahead_by_ten_minutes() -> None:
    assert MAX_AHEAD == 600_000_000
    assert parse(message(event_time=NOW + MAX_AHEAD), NOW).event_time == NOW + MAX_AHEAD
    found = refused(message(event_time=NOW + MAX_AHEAD + 1_000_000))
    assert (found.reason, found.field) == ("far_future", "event_time")
    assert "601 seconds ahead" in str(found)
    # Old events have no such bound: who reads them decides.
    assert parse(message(event_time=NOW + MAX_AHEAD + 1_000_000)).event_time > NOW


@pytest.mark.parametrize("change", [{"listener_id": "ada@example.org"}, {"source": "Ada " * 30}])
def test_no_refusal_repeats_a_value(change: dict[str, Any]) -> None:
    assert "ada" not in str(refused(message(**change))).lower()
    twice = refused(b'{"ada@example.org": 1, "ada@example.org": 2}')
    assert str(twice) == "a key stands twice, in line 1, columns 2 and 24"


def test_a_newer_minor_version_is_read_without_what_it_adds() -> None:
    newer = message(schema_version="1.7", mood="happy", device={"kind": "car", "speakers": [4]})
    event = parse(newer, NOW)
    assert event.model_dump() == {**parse(message(), NOW).model_dump(), "schema_version": "1.7"}


#: What the first version wrote. Such lines lie in topics and files; they are read for ever.
FIRST_VERSION = (
    b'{"type":"stream","schema_version":"1.0","idempotency_key":"0190a5c4-stream","event_time":'
    b'1795800000000000,"listener_id":"0123456789abcdef0123456789abcdef","track_uri":'
    b'"spotify:track:0000000000000000000001","ms_played":1,"track_ms":2,"source":"album"}',
    b'{"type":"skip","schema_version":"1.0","idempotency_key":"0190a5c4-skip","event_time":'
    b'1795800000000000,"listener_id":"0123456789abcdef0123456789abcdef","track_uri":'
    b'"spotify:track:0000000000000000000001","ms_played":1,"track_ms":2,"source":"album"}',
    b'{"type":"save","schema_version":"1.0","idempotency_key":"0190a5c4-save","event_time":'
    b'1795800000000000,"listener_id":"0123456789abcdef0123456789abcdef","track_uri":'
    b'"spotify:track:0000000000000000000001","source":"album"}',
    b'{"type":"playlist_add","schema_version":"1.0","idempotency_key":"0190a5c4-add","event_time":'
    b'1795800000000000,"listener_id":"0123456789abcdef0123456789abcdef","track_uri":'
    b'"spotify:track:0000000000000000000001","playlist_uri":'
    b'"spotify:playlist:0000000000000000000001"}',
    b'{"type":"follow","schema_version":"1.0","idempotency_key":"0190a5c4-follow","event_time":'
    b'1795800000000000,"listener_id":"0123456789abcdef0123456789abcdef","followed_listener":'
    b'"fedcba9876543210fedcba9876543210"}',
    b'{"type":"impression","schema_version":"1.0","idempotency_key":"0190a5c4-shown","event_time":'
    b'1795800000000000,"listener_id":"0123456789abcdef0123456789abcdef","session_id":"s",'
    b'"track_uri":"spotify:track:0000000000000000000001","request_id":"r","surface":"home",'
    b'"position":0,"model_version":"1","candidate_set":"c","propensity":1.0}',
)


@pytest.mark.parametrize("line", FIRST_VERSION, ids=KINDS)
def test_the_first_version_is_read(line: bytes) -> None:
    event = parse(line, NOW)
    assert event.schema_version == "1.0"
    assert encode(event) == line


def test_the_published_schema_takes_what_is_read() -> None:
    schema = AnyEvent.model_json_schema()
    assert set(schema["discriminator"]["mapping"]) == set(KINDS)
    stream = schema["$defs"]["Stream"]
    assert set(stream["required"]) == {"type", *COMMON, *HEARD}
    assert stream["properties"]["ms_played"]["description"] == "For how long it was heard."
    with pytest.raises(pydantic.ValidationError):
        AnyEvent.model_validate({"type": "listen"})

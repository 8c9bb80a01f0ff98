"""Events on the wire: one JSON object each, UTF-8, read strictly."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

import orjson
import pydantic

from schema import strict_json
from schema.events.kinds import KINDS, MAJOR, Event
from schema.events.refusal import REASONS, RefusedError

#: Bytes of a message: some ten times what the longest event of this version takes.
MAX_BYTES: Final = 16_384
#: Microseconds that a listener's clock may be ahead of the reader's.
MAX_AHEAD: Final = 10 * 60 * 1_000_000
_VERSION: Final = re.compile(r"([1-9][0-9]{0,9})\.[0-9]{1,4}")

# What pydantic calls a flaw, and we do.
_REASON_OF: Final = {
    "missing": "missing_field",
    "string_too_long": "too_long",
    "string_too_short": "bad_format",
    "string_pattern_mismatch": "bad_format",
    "finite_number": "not_finite",
    **dict.fromkeys(
        ("greater_than", "greater_than_equal", "less_than", "less_than_equal"), "out_of_range"
    ),
}


def parse(message: bytes, now: int | None = None) -> Event:
    """Reads one event.

    Args:
        message: a JSON object in UTF-8.
        now: the reader's time in microseconds since 1970; None checks no event for its future.

    Raises:
        RefusedError: it is no event; the first flaw decides the reason.
    """
    if len(message) > MAX_BYTES:
        raise RefusedError("too_large", f"{len(message):,} bytes; {MAX_BYTES:,} are the most")
    values = _loads(message)
    if not isinstance(values, dict):
        raise RefusedError("not_an_object", REASONS["not_an_object"])
    kind = _kind(values)
    try:
        event = kind.model_validate(values)
    except pydantic.ValidationError as error:
        _refuse(error, values)
    if now is not None and event.event_time > now + MAX_AHEAD:
        ahead = (event.event_time - now) / 1e6
        raise RefusedError("far_future", f"{ahead:,.0f} seconds ahead of now", "event_time")
    return event


def encode(event: Event) -> bytes:
    """The event as one line of JSON, without what is None and without an end of line."""
    return orjson.dumps(event.model_dump(exclude_none=True))


def _loads(message: bytes) -> Any:
    """JSON, strictly: no key twice, no NaN."""
    try:
        values = orjson.loads(message)
    except orjson.JSONDecodeError:
        _refuse_json(message)
    # Two quotes a key and two a text: a flat object without escapes that has no others has no key
    # twice. Whatever this cannot tell is read again by the slower reader.
    if isinstance(values, dict) and b"\\" not in message:
        texts = sum(map(_quotes, values.values()))
        if message.count(b'"') == 2 * (len(values) + texts):
            return values
    try:
        return strict_json.loads(message)
    except strict_json.DuplicateKeyError as error:
        raise RefusedError("duplicate_key", _without_key(error)) from None
    except ValueError as error:
        raise RefusedError("not_json", _told(error)) from None


def _quotes(value: Any) -> float:
    if isinstance(value, str):
        return 1
    return math.nan if isinstance(value, dict | list) else 0


def _refuse_json(message: bytes) -> NoReturn:
    found: list[str] = []

    def finite(text: str) -> float:
        if math.isinf(float(text)):
            found.append("a number that is too large")
        return 0.0

    try:
        json.loads(message.decode("utf-8"), parse_constant=found.append, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise RefusedError("not_json", _told(error)) from None
    if found:
        raise RefusedError("not_finite", f"it holds {found[0]}")
    raise RefusedError("not_json", REASONS["not_json"])


def _told(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return REASONS["not_json"]


def _without_key(error: strict_json.DuplicateKeyError) -> str:
    """The sentence's end: a key that the sender chose may be anything."""
    return f"a key stands twice{str(error).rpartition('twice')[2]}"


def _kind(values: dict[str, Any]) -> type[Event]:
    """The model that the event is to be read by: its version and its type are looked at first."""
    version = values.get("schema_version")
    if isinstance(version, str):
        found = _VERSION.fullmatch(version)
        if found and int(found[1]) > MAJOR:
            raise RefusedError(
                "unsupported_version", f"{found[1]} is above {MAJOR}", "schema_version"
            )
    name = values.get("type")
    if name is None:
        raise RefusedError("missing_field", "it is required", "type")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RefusedError("unknown_type", f"it is none of {', '.join(KINDS)}", "type")
    return kind


def _refuse(error: pydantic.ValidationError, values: dict[str, Any]) -> NoReturn:
    flaw = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = str(flaw["loc"][0]) if flaw["loc"] else None
    value = values.get(field) if field else None
    # None for a required field, which pydantic calls a wrong type, is a missing one.
    is_missing = field is not None and field in values and value is None
    reason = "missing_field" if is_missing else _REASON_OF.get(flaw["type"], "wrong_type")
    if reason == "out_of_range" and isinstance(value, int | float) and value < 0:
        reason = "negative"
    detail = "it is required" if is_missing else flaw["msg"][:1].lower() + flaw["msg"][1:]
    raise RefusedError(reason, detail, field) from None

"""Messages that no reader can use: each spoils an event in a way that has one reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from sample.listeners.kinds import DAY

_CENTURY: Final = 36_525 * DAY

Values = dict[str, Any]


def _changed(**changes: Any) -> Callable[[Values], bytes]:
    return lambda event: orjson.dumps(event | changes)


def _cut_off(event: Values) -> bytes:
    content = orjson.dumps(event)
    return content[: len(content) * 2 // 3]


def _without_key(event: Values) -> bytes:
    return orjson.dumps({name: value for name, value in event.items() if name != "idempotency_key"})


def _with_nan(event: Values) -> bytes:
    return orjson.dumps(event)[:-1] + b',"ms_played":NaN}'


def _with_two_types(event: Values) -> bytes:
    return orjson.dumps(event)[:-1] + b',"type":"stream"}'


def _from_the_future(event: Values) -> bytes:
    return orjson.dumps(event | {"event_time": event["event_time"] + 2 * _CENTURY})


#: How an event is spoilt, by the reason for which `schema.events.parse` refuses what it becomes.
FAULTS: Final[dict[str, Callable[[Values], bytes]]] = {
    "not_json": _cut_off,
    "not_an_object": lambda event: orjson.dumps([event["type"]]),
    "not_finite": _with_nan,
    "duplicate_key": _with_two_types,
    "unknown_type": _changed(type="listen"),
    "unsupported_version": _changed(schema_version="2.0"),
    "missing_field": _without_key,
    "wrong_type": _changed(event_time="yesterday"),
    "negative": _changed(event_time=-1),
    "out_of_range": _changed(event_time=0),
    "too_long": _changed(session_id="s" * 100),
    "bad_format": _changed(listener_id="guest"),
    "far_future": _from_the_future,
}
FAULT_NAMES: Final = tuple(FAULTS)

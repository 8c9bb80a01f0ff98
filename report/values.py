"""Tolerant reading of JSON: a part that is missing or of another type reads as nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def as_dict(value: object) -> dict[str, Any]:
    """The value when it is an object with text keys, otherwise an empty one."""
    if not isinstance(value, Mapping):
        return {}
    return {as_text(key): item for key, item in value.items()}


def as_list(value: object) -> list[Any]:
    """The value when it is a list, otherwise an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def as_dicts(value: object) -> list[dict[str, Any]]:
    """The objects among the items of a list."""
    return [as_dict(item) for item in as_list(value) if isinstance(item, Mapping)]


def as_number(value: object) -> float | None:
    """A finite number, or None: booleans, NaN, infinities and everything else are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def as_text(value: object) -> str:
    """Text as it is, numbers and booleans spelled out, anything else as an empty string."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        # Lone surrogates are legal in JSON, but not in a UTF-8 page.
        return value.encode("utf-8", "replace").decode("utf-8")
    return str(value) if isinstance(value, int | float) else ""

"""JSON in which no key stands twice: of two values one would be lost without a word."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]')


class DuplicateKeyError(ValueError):
    """A key stands twice in one object; the message names it and both places."""


def loads(content: str | bytes) -> Any:
    """Reads a document as `json.loads` does.

    Raises:
        DuplicateKeyError: a key stands twice in one object.
        ValueError: it is not JSON, or nested too deeply.
    """
    if isinstance(content, bytes):
        content = content.decode(json.detect_encoding(content), "surrogatepass")
    try:
        return json.loads(content, object_pairs_hook=_unique)
    except _TwiceError:
        raise DuplicateKeyError(_twice(content)) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python's own limit, which guards against numbers that take hours
        raise ValueError("a number has thousands of digits") from None


def told(key: str, first: tuple[int, int], second: tuple[int, int]) -> str:
    """The sentence about a key that stands twice.

    Args:
        key: the key.
        first: line and column of the first one, counted from 1.
        second: those of the second one.
    """
    (line, column), (other, last) = first, second
    if line == other:
        return f"the key {key!r} stands twice, in line {line}, columns {column} and {last}"
    return f"the key {key!r} stands twice, in lines {line} and {other}"


class _TwiceError(Exception):
    """Some key stands twice; where is looked up afterwards."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _twice(text: str) -> str:
    """The first key of a JSON text that stands twice, in words."""
    objects: list[dict[str, int]] = []
    last = None
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            objects.append({})
        elif sign in "}]":
            objects.pop()
        elif sign != ":":
            last = token
        elif last is not None:
            key = json.loads(last[0], strict=False)
            if key in objects[-1]:
                return told(key, _place(text, objects[-1][key]), _place(text, last.start()))
            objects[-1][key] = last.start()
    return "a key stands twice"


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)

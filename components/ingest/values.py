"""JSON's values as features have them: texts in UTF-8, whole numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from components.ingest.reasons import InvalidError, Reason
from schema.texts import whole

INT64_MAX: Final = 2**63 - 1
_EXACT: Final = 2**53  # beyond it, not every whole number is a float
# Whole numbers as strings have them; 19 digits are those of INT64_MAX.
_DIGITS: Final = re.compile(r"([0-9]{1,19})(?:\.0*)?")
_SHOWN: Final = 60  # characters of a bad value that are shown
_MARK: Final = "\ufffd"  # what stands for half a character


def json_type(value: object) -> str:
    """Returns JSON's name of the value's type."""
    for kind, name in (
        (bool, "boolean"),
        (int, "number"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return name
    return "null"


def texts(column: Sequence[Any], where: Callable[[int], str]) -> tuple[list[bytes], int]:
    """Returns the texts in UTF-8, and how many halves of characters these have U+FFFD for.

    Args:
        column: values of one field; absent ones become empty.
        where: names the field of the value at an index, for an error.

    Raises:
        InvalidError: if a value is no string.
    """
    try:
        return [b"" if value is None else value.encode() for value in column], 0
    except (AttributeError, UnicodeEncodeError):
        pass
    for index, value in enumerate(column):
        if value is not None and not isinstance(value, str):
            raise InvalidError(
                Reason.INVALID_FIELD, f"{where(index)}: {show(value)} is not a string"
            )
    mended = [whole(value or "") for value in column]
    halves = sum(text.count(_MARK) for text in mended)
    halves -= sum((value or "").count(_MARK) for value in column)
    return [text.encode() for text in mended], halves


def ints(column: Sequence[Any], where: Callable[[int], str]) -> list[int | None]:
    """Returns the whole numbers of a column, which may be spelled as strings; None where absent.

    Args:
        column: values of one field.
        where: names the field of the value at an index, for an error.

    Raises:
        InvalidError: if a value is no whole number from 0 to 2^63-1.
    """
    found = [None if value is None else whole_number(value) for value in column]
    if None in found:
        for index, value in enumerate(column):
            if value is not None and found[index] is None:
                raise InvalidError(
                    Reason.INVALID_FIELD,
                    f"{where(index)}: {show(value)} is not a whole number from 0 to 2^63-1",
                )
    return found


def whole_number(value: object) -> int | None:
    """Returns the number from 0 to 2^63-1 that JSON spells, None where it is none."""
    if isinstance(value, str):
        digits = _DIGITS.fullmatch(value)
        value = int(digits.group(1)) if digits else None
    elif isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        value = int(value)
    return value if type(value) is int and 0 <= value <= INT64_MAX else None


def show(value: object) -> str:
    """Returns a value as an error quotes it: short, in ASCII."""
    if isinstance(value, int) and not -INT64_MAX <= value <= INT64_MAX:
        return "a number beyond 64 bits"
    if isinstance(value, (list, dict)):
        return f"a JSON {json_type(value)}"
    if value is None:
        return "null"
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    shown = ascii(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."

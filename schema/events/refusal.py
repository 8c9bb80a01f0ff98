"""Why an event was refused: the codes that dead letters carry."""

from __future__ import annotations

from typing import Final

#: Each code, with what it says of a message.
REASONS: Final[dict[str, str]] = {
    "too_large": "the message has more bytes than an event may have",
    "not_json": "it is no JSON of whole characters in UTF-8, or nested too deeply",
    "not_finite": "a number is NaN or infinite",
    "duplicate_key": "a key stands twice in one object",
    "not_an_object": "it is JSON, but no object",
    "unknown_type": "`type` is none of the types of events",
    "unsupported_version": "`schema_version` has a higher major number than the reader knows",
    "missing_field": "a field that the type requires is absent or null",
    "wrong_type": "a field holds another type of value, such as text for a number",
    "negative": "a number is below 0",
    "out_of_range": "a number is too large or too small",
    "too_long": "a text has more characters than the field may have",
    "bad_format": "a text is not of the field's form",
    "far_future": "`event_time` is further ahead of the reader's clock than clocks go wrong",
}


class RefusedError(ValueError):
    """A message is no event of this contract.

    Attributes:
        reason: one of REASONS.
        field: the field that is wrong, None where it is the message as a whole.
        detail: the sentence about it, without any of the message's own values, which may be
            personal.
    """

    def __init__(self, reason: str, detail: str, field: str | None = None) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.reason = reason
        self.field = field
        self.detail = detail

"""Text in CSV files that people open in a spreadsheet."""

from __future__ import annotations

# What a spreadsheet takes for the start of a formula (OWASP, "CSV Injection").
# Full-width signs are the same to those in East Asian languages.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def inert(text: str) -> str:
    """The text of a cell; an apostrophe goes before what a spreadsheet would run as a formula.

    Numbers that we write ourselves need none: call this for text that others chose.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text

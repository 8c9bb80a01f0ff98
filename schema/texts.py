"""Text as it comes, in the one spelling that training and serving both see."""

from __future__ import annotations

import os


def of_argument(text: str) -> str:
    """A word of the command line as UTF-8, where the locale does not know its characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text).decode("utf-8", "replace")
    return text


def whole(text: str) -> str:
    r"""The text with U+FFFD for each half of a surrogate pair, as JSON's `\ud83c` alone makes it.

    UTF-8 cannot write such halves. Two that belong together become the character that they make.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text

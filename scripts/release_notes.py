"""Prints the notes of a tagged release, out of CHANGELOG.md: `make release-notes TAG=v1.2.3`."""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Sequence
from typing import Final

from pipeline import __version__

ROOT: Final = pathlib.Path(__file__).resolve().parent.parent
#: "## 1.2.3 - 2030-01-02"
_SECTION: Final = re.compile(r"^## (\S+)(?: - (\d{4}-\d{2}-\d{2}))?[ \t]*$", re.MULTILINE)


def notes(changelog: str, version: str) -> str:
    """The section of a version.

    Args:
        changelog: the text of CHANGELOG.md.
        version: such as "1.2.3".

    Raises:
        ValueError: there is no section of it, it has no date, or it says nothing.
    """
    sections = list(_SECTION.finditer(changelog))
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        if section[1] != version:
            continue
        if not section[2]:
            raise ValueError(f"CHANGELOG.md: the section {version} has no date (YYYY-MM-DD).")
        text = changelog[section.end() : following.start() if following else None].strip()
        if not text:
            raise ValueError(f"CHANGELOG.md: the section {version} says nothing.")
        return text + "\n"
    found = ", ".join(section[1] for section in sections) or "none"
    raise ValueError(f"CHANGELOG.md has no section {version}; it has {found}.")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    tag = arguments[0] if len(arguments) == 1 else ""
    try:
        if tag != f"v{__version__}":
            raise ValueError(
                f"the tag is v{__version__}, as pipeline/__init__.py says, not {tag!r}."
            )
        print(notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__), end="")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Listeners leave published recommendations: each day that has a list of one is written anew."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from listening import versions
from listening.recommending import publishing
from schema import output_lock

_COMMAND: Final = "segue events erase"


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes the lists of listeners from every day.

    As of `listening.erasure.Eraser`; kinds: `rows`, `files` written anew. Who was set aside is in
    no file by name.
    """
    removed = {"rows": 0, "files": 0}
    with output_lock.taken(root, _COMMAND):
        # What was cut short, or replaced, may name listeners too.
        versions.clear(root, publishing.DAYS)
    for day in publishing.published(root):
        described = day.described()
        left = sum(part.num_rows for part in publishing.without(day, listeners))
        if left == described.rows:
            continue
        with publishing.publishing(root, day.day, _COMMAND) as draft:
            draft.write(publishing.without(day, listeners), day.set_aside(), described.as_of)
        removed["rows"] += described.rows - left
        removed["files"] += 1
    return removed

"""Listeners leave the embedded store: what it serves, and what was pushed to it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection

from listening.store.embedded.online import Online
from listening.store.embedded.pushed import PushedRows, pushed_home
from schema import output_lock

_COMMAND = "segue events erase"


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes listeners, and rows of others whose lists name them.

    As of `listening.erasure.Eraser`; kinds: `pushed` rows and `served` ones. Rows of others come
    back without the name with the next partition.
    """
    if not os.path.isdir(root):
        return {"pushed": 0, "served": 0}
    with output_lock.taken(root, _COMMAND), contextlib.closing(Online(root)) as online:
        pushed = PushedRows(pushed_home(root)).erase(listeners)
        return {"pushed": pushed, "served": online.erase(listeners)}

"""Listeners leave the embedded store: what it serves, and what was pushed to it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection

from listening.store.embedded.online import Online
from listening.store.embedded.pushed import PushedRows, pushed_home
from schema import output_lock
from schema.tables import FEATURE_VIEWS

_COMMAND = "segue events erase"


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes listeners, and rows of others whose lists name them.

    As of `listening.erasure.Eraser`; kinds: `pushed` rows and `served` ones. Rows of others come
    back without the name with the next partition.
    """
    if not os.path.isdir(root):
        return {"pushed": 0, "served": 0}
    with output_lock.taken(root, _COMMAND), contextlib.closing(Online(root)) as online:
        pushed, instead, removed = PushedRows(pushed_home(root)), {}, 0
        for name, view in FEATURE_VIEWS.items():
            instead[name], rows = pushed.without(view, online.pushes(view), listeners)
            removed += rows
        served = online.erase(listeners, instead)
        # Also what an erasure or a push that was killed has left.
        for view in FEATURE_VIEWS.values():
            pushed.tidy(view, online.pushes(view))
        return {"pushed": removed, "served": served}

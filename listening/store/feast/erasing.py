"""Listeners leave a store of Feast's: what Redis serves, and the offline rows."""

from __future__ import annotations

import os
from collections.abc import Collection

from listening.store.feast.place import remembered
from listening.store.feast.store import FeastStore


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes listeners, and rows of others whose lists name them.

    As of `listening.erasure.Eraser`; kinds: `pushed` rows, those of partitions included, and
    `served` ones.
    """
    place = remembered(root)
    if place is None:
        return {"pushed": 0, "served": 0}
    # No partitions: what they hold is theirs to erase.
    return FeastStore(place, os.path.join(root, "no-features")).erase(listeners)

"""The port of erasers: whoever keeps something of listeners removes it when it is asked to."""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from schema import pseudonyms

#: The module of each store that knows listeners, by the name of the store. It is an `Eraser`.
ERASERS: Final[Mapping[str, str]] = {
    "events": "listening.events.erasing",
    "feast": "listening.store.feast.erasing",
    "features": "listening.features.erasing",
    "recommendations": "listening.recommending.erasing",
    "slices": "listening.held_out.erasing",
    "store": "listening.store.embedded.erasing",
    "tables": "listening.tables",
}
_LISTENER: Final = re.compile(pseudonyms.PATTERN)


class Eraser(Protocol):
    """A store's eraser. Every one passes `tests/listening/test_erasure.py`."""

    def erase(self, root: str, listeners: Collection[str]) -> dict[str, int]:
        """Removes listeners, so that no byte of the store tells of them.

        Done again it finds nothing; cut short at any moment, it is finished when it is done again,
        and readers see a row or do not, never a part of one.

        Args:
            root: the store's directory.
            listeners: pseudonyms.

        Returns:
            How much was removed, by kind.

        Raises:
            ValueError: what lies there cannot be read.
            OSError: it cannot be written to.
            InUseError: another command writes to it.
        """


def erase(stores: Mapping[str, str], listeners: Collection[str]) -> dict[str, dict[str, int]]:
    """Removes listeners from stores.

    Args:
        stores: the directory of each, by a name of ERASERS.
        listeners: pseudonyms, of 32 hexadecimal digits each.

    Returns:
        How much was removed, by store and kind.

    Raises:
        ValueError: a pseudonym is none, or there is no such store.
    """
    for listener in listeners:
        if not _LISTENER.fullmatch(listener):
            raise ValueError("a listener's pseudonym has 32 hexadecimal digits in lower case")
    if unknown := sorted(stores.keys() - ERASERS.keys()):
        raise ValueError(f"there is no store {unknown[0]}; there are {', '.join(ERASERS)}")
    found = {}
    for name, root in stores.items():
        eraser: Eraser = importlib.import_module(ERASERS[name])
        found[name] = eraser.erase(root, frozenset(listeners))
    return found

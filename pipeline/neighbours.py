"""Who else installs packages under the names that Segue's have.

Some are common (`schema`, `models`, `serving`): in one environment the package that is installed
later overwrites the other's files, and pip does not say so.
"""

from __future__ import annotations

import importlib.metadata
from typing import Final

#: As pip knows it.
DISTRIBUTION: Final = "segue-recommender"


def sharing() -> dict[str, list[str]]:
    """Names that Segue's packages share with others, and the distributions that install them.

    Returns:
        None shared is {}, as is a Segue that runs from a checkout without being installed.
    """
    found = importlib.metadata.packages_distributions()
    return {
        name: sorted(set(owners) - {DISTRIBUTION})
        for name, owners in sorted(found.items())
        if DISTRIBUTION in owners and set(owners) != {DISTRIBUTION}
    }


def told() -> str | None:
    """A sentence about what is shared; None where nothing is."""
    shared = sharing()
    if not shared:
        return None
    names = "; ".join(f"{name} ({', '.join(owners)})" for name, owners in shared.items())
    return (
        f"Other distributions install packages under names of Segue's: {names}. Whichever came "
        "last has overwritten files of the other: give Segue an environment of its own."
    )

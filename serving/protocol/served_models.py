"""The names of a server's models, with the answers of its `ModelService`.

TF Serving's API cannot list them. `segue serve` says them in trailing metadata, which other
clients ignore, so that a release can refuse to unload models that it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_KEY = "segue-models-bin"


def to_metadata(names: Iterable[str]) -> tuple[tuple[str, bytes], ...]:
    """The names as trailing metadata."""
    return ((_KEY, json.dumps(sorted(names)).encode()),)


def from_metadata(metadata: Iterable[Any] | None) -> set[str] | None:
    """The names in the trailing metadata of an answer; None from a server that says none."""
    for key, value in metadata or ():
        if key == _KEY:
            return set(json.loads(value))
    return None

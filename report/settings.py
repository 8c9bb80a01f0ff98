"""Settings, however nested, as lines that one can read."""

from __future__ import annotations

import json
from typing import Any

from report.values import as_dict, as_text


def flatten(tree: dict[str, Any], prefix: str = "", depth: int = 8) -> list[tuple[str, str]]:
    """Nested settings as ("a.b", value) pairs."""
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{as_text(key)}"
        if isinstance(value, dict) and value and depth:
            pairs += flatten(as_dict(value), f"{name}.", depth - 1)
        else:
            pairs.append((name, setting(value)))
    return pairs


def setting(value: object) -> str:
    """A setting's value as it would be written in a configuration."""
    if isinstance(value, str):
        return as_text(value) or '""'
    return as_text(json.dumps(value, ensure_ascii=False, default=as_text))

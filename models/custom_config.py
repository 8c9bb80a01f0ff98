"""What is Segue's in the `custom_config` that TFX hands to a Trainer or Tuner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def own(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Leaves out where the code runs: TFX's custom jobs on Vertex AI hand that on as well."""
    return {key: value for key, value in (values or {}).items() if not _is_googles(key)}


def _is_googles(key: str) -> bool:
    return key.startswith("ai_platform_")

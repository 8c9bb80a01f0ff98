"""What is Segue's in the `custom_config` that TFX hands to a Trainer or Tuner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def own(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Leaves out where the code runs: TFX's custom jobs on Vertex AI hand that on as well."""
    given = values or {}
    return {key: value for key, value in given.items() if not key.startswith("ai_platform_")}

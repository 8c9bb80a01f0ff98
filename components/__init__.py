"""Beam transforms and custom TFX components, a folder each."""

from __future__ import annotations

import importlib
import os
from typing import Any

__all__ = [
    "data_gate",
    "evaluator",
    "example_gen",
    "holdout",
    "infra_check",
    "ingest",
    "look_up",
    "pusher",
    "register",
    "report",
    "served_model",
    "side_table",
    "significance",
    "span_statistics",
    "trainer",
    "transform",
    "warm_start",
]

# A worker imports a component before any model: Keras decides once, at TensorFlow's first import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

# TFX's runners in the cloud import an artifact's type by its name, `components.NAME`. Looked up
# when asked for, as ingest's workers need no TFX.
_ARTIFACTS = {
    "PlaylistMetrics": "components.significance.component",
    "Registered": "components.register.component",
    "RunReport": "components.report.component",
    "SideTableArtifact": "components.side_table.artifact",
}


def __getattr__(name: str) -> Any:
    if name in _ARTIFACTS:
        return getattr(importlib.import_module(_ARTIFACTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

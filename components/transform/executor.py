"""Executor of the Transform component."""

from __future__ import annotations

from tfx.components.transform import executor


class Executor(executor.Executor):
    """Runs TFX's executor."""

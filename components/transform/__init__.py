"""TFX's Transform, with what it does in a run of ours."""

__all__ = ["analysis", "component"]

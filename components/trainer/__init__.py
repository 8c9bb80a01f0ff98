"""TFX's Trainer for families that read a side table."""

__all__ = ["component"]

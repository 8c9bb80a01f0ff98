"""A Flink cluster on this machine, from packages: `make flink`, and what tests start."""

__all__ = ["cluster", "java"]

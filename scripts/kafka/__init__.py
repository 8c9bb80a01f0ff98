"""A Kafka broker on this machine, from packages: `make kafka`, and what tests start."""

__all__ = ["broker", "jars"]

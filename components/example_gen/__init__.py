"""ExampleGen over records that have their splits already."""

__all__ = ["component", "spans"]

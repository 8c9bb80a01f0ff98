"""Options of the places that a pipeline runs in; each component's own lie beside its code."""

__all__ = ["beam", "dataflow", "events", "flink", "gc", "metadata", "skew", "vertex"]

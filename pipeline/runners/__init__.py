"""Each runner translates the DAG, starts it and shows it."""

__all__ = ["dataflow_jobs", "local", "vertex"]

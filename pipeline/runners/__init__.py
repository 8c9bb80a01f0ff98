"""Each runner translates the DAG, starts it and shows it."""

__all__ = ["dataflow_jobs", "flink_jobs", "launch", "local", "plain_paths", "repair", "vertex"]

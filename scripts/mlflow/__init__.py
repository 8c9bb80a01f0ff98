"""MLflow's server on this machine, from its lock: `make mlflow`, and what tests start."""

__all__ = ["server"]

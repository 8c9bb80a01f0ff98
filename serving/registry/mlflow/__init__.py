"""A registry at MLflow's server; needs the extra `mlflow`."""

from __future__ import annotations

import importlib
from types import ModuleType

from serving.registry.port import Registry, RegistryUnavailableError
from serving.registry.tracker import Tracker

__all__ = ["open_registry", "open_tracker"]


def open_registry(uri: str, model: str, timeout: float) -> Registry:
    """Opens it; see `serving.registry.open_registry`.

    Raises:
        RegistryUnavailableError: MLflow's client is not installed.
    """
    opened: Registry = _part("adapter").MlflowRegistry(uri, model, timeout)
    return opened


def open_tracker(uri: str, timeout: float) -> Tracker:
    """Opens it; see `serving.registry.open_tracker`.

    Raises:
        RegistryUnavailableError: MLflow's client is not installed.
    """
    opened: Tracker = _part("tracker").MlflowTracker(uri, timeout)
    return opened


def _part(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mlflow":
            raise
        raise RegistryUnavailableError(
            "a registry at MLflow needs the package mlflow-skinny: "
            "pip install 'segue-recommender[mlflow]'"
        ) from error

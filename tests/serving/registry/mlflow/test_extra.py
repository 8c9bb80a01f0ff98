"""Without MLflow's client."""

from __future__ import annotations

import sys

import pytest

from serving.registry import RegistryUnavailableError, open_registry, open_tracker


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("serving.registry.mlflow.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for call in (
        lambda: open_registry("mlflow+http://127.0.0.1:5000", "segue"),
        lambda: open_tracker("mlflow+http://127.0.0.1:5000"),
    ):
        with pytest.raises(RegistryUnavailableError, match=r"segue-recommender\[mlflow\]"):
            call()

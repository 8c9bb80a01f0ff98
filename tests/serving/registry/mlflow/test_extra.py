"""Without MLflow's client."""

from __future__ import annotations

import sys

import pytest

from serving.protocol import ConfigError
from serving.registry import open_registry


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("serving.registry.mlflow.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigError, match=r"segue-recommender\[mlflow\]"):
        open_registry("mlflow+http://127.0.0.1:5000", "segue")

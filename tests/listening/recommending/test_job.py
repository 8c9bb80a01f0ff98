"""Features that are replaced while lists are made of them: it is said, and nothing is published."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

import pytest

from listening.recommending import job, publishing
from listening.recommending.inputs import Inputs
from listening.recommending.work import Order
from tests.listening.recommending.making import listener, policy, put


@pytest.mark.parametrize(("replaced", "says"), [(True, "changed while it was"), (False, "broken")])
def test_features_that_change_meanwhile(
    replaced: bool, says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for view in ("listening_history", "heard"):
        put(tmp_path / "features", view, [{"listener_id": listener(1)}])

    class Failing:
        """A worker that finds its features replaced, or fails otherwise."""

        def __init__(self, order: Order, found: Inputs) -> None:
            self.found = found

        def lists(self, rows: Any) -> None:
            if replaced:
                shutil.rmtree(self.found.heard.folder)
            raise RuntimeError("broken")

    monkeypatch.setattr(job, "Worker", Failing)
    monkeypatch.setattr(job, "find", lambda path: path)
    features, out = str(tmp_path / "features"), str(tmp_path / "out")
    order = Order("tracks.parquet", (policy(),), {None: "model"})
    with pytest.raises((ValueError, RuntimeError), match=says):
        job.recommend(f"{features}/heard", out, features, order)
    assert publishing.published(out) == []

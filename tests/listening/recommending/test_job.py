"""Which features and listeners lists are made of, and what happens where they are replaced."""

from __future__ import annotations

import datetime
import pathlib
import shutil
from typing import Any

import pytest

from listening.recommending import job, publishing
from listening.recommending.inputs import Inputs
from listening.recommending.work import Order
from schema.model_card import ModelCard
from tests.listening.recommending.making import CUT, listener, policy, put


def a_model(folder: pathlib.Path, until: datetime.datetime = CUT) -> str:
    """A model of which there is nothing but a card: its data ends at the cut."""
    path = str(folder / "model")
    ModelCard(family="popularity", data_end=until, undated_playlists=0).write(path)
    return path


def test_a_model_of_later_data_makes_no_lists(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for view in ("listening_history", "heard"):
        put(tmp_path / "features", view, [{"listener_id": listener(1)}])
    monkeypatch.setattr(job, "find", lambda path: path)
    features, out = str(tmp_path / "features"), str(tmp_path / "out")
    later = a_model(tmp_path, CUT + datetime.timedelta(seconds=1))
    with pytest.raises(ValueError, match=r"model has learnt from data up to .*:00:01, so it knows"):
        job.recommend(
            f"{features}/heard",
            out,
            features,
            Order("tracks.parquet", (policy(),), {None: later}),
        )
    assert publishing.published(out) == []


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
    order = Order("tracks.parquet", (policy(),), {None: a_model(tmp_path)})
    with pytest.raises((ValueError, RuntimeError), match=says):
        job.recommend(f"{features}/heard", out, features, order)
    assert publishing.published(out) == []


@pytest.mark.parametrize(("past", "asked_for"), [(True, 1), (False, 2)])
def test_a_past_day_is_for_the_listeners_of_its_features(
    past: bool, asked_for: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, cut in enumerate((CUT, CUT + datetime.timedelta(days=2)), 1):
        rows = [{"listener_id": listener(n)} for n in range(number)]
        for view in ("listening_history", "heard"):
            put(tmp_path / "features", view, rows, cut)

    class Telling:
        """A worker that tells for whom it was to work."""

        def __init__(self, order: Order, found: Inputs) -> None:
            pass

        def lists(self, rows: Any) -> None:
            raise RuntimeError(f"{rows.num_rows} listeners")

    monkeypatch.setattr(job, "Worker", Telling)
    monkeypatch.setattr(job, "find", lambda path: path)
    features, out = str(tmp_path / "features"), str(tmp_path / "out")
    order = Order("tracks.parquet", (policy(),), {None: a_model(tmp_path)})
    with pytest.raises(RuntimeError, match=f"{asked_for} listeners"):
        job.recommend(
            f"{features}/listening_history", out, features, order, CUT.date() if past else None
        )


def test_a_process_that_dies_without_a_word_is_told_by_the_end_of_beams_error(
    tmp_path: pathlib.Path,
) -> None:
    error = RuntimeError("bundle failed\nTraceback (most recent call last):\n  it was killed\n\n")
    told = job._told(str(tmp_path), error)
    assert told == "no lists, since a process failed: it was killed"
    (tmp_path / "refused-00001.txt").write_text("there is no such model")
    assert job._told(str(tmp_path), error) == "there is no such model"

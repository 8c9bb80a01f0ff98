"""What training may start from, through the component's executor."""

from __future__ import annotations

import json
import pathlib
import shutil

import pytest
from tfx.types import standard_artifacts

from components.warm_start import executor
from schema.model_card import ModelCard, StartCard
from tests.components.served_model.served_toy import SPLIT, Place, forty_playlists, recard, two_toys


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return two_toys(tmp_path_factory.mktemp("toys"))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, forty_playlists(tmp_path / "held_out"))


@pytest.fixture
def look(place, tmp_path):
    """Runs the executor; gives the card, the model's directory and the line for the console."""

    def run(split=SPLIT):
        output = standard_artifacts.Model()
        output.uri = str(tmp_path / "start")
        shutil.rmtree(output.uri, ignore_errors=True)
        executor.Executor().Do(
            {},
            {"model": [output]},
            {**place.places(), "split": json.dumps(split)},
        )
        model = pathlib.Path(output.uri, "Format-Serving")
        summary = output.get_string_custom_property("summary")
        return StartCard.read_beside(str(model)), model, summary

    return run


def test_nothing_is_served(look):
    card, model, summary = look()
    assert card == StartCard(start="scratch", reason="no model is served yet")
    assert not model.exists()
    assert summary == "from scratch: no model is served yet"


def test_what_is_served_is_kept(look, place, toys):
    place.push(toys / "a", 3)
    recard(place.push(toys / "b", 7), family="als")
    card, model, summary = look()
    assert card == StartCard(start="served", version="7")
    assert ModelCard.read(str(model)).family == "als"
    assert (model / "saved_model.pb").exists()
    assert summary == "from version 7"
    # Servers went back to version 3, and so does training.
    place.release(7, 3)
    assert look()[0] == StartCard(start="served", version="3")


@pytest.mark.parametrize(
    ("split", "share", "side"),
    [
        ({"train": 60, "eval": 20, "test": 20}, "100%", "eval"),
        ({"train": 75, "eval": 10, "test": 15}, "50%", "eval"),
        # Its train ends at 80 of 100: nothing of 190 to 194, but 80% of what is test now.
        ({"train": 180, "eval": 10, "test": 11}, "80%", "eval"),
    ],
)
def test_playlists_that_are_held_out_now_were_learnt_from(look, place, toys, split, share, side):
    place.push(toys / "a", 1)
    card, model, summary = look(split)
    assert (card.start, card.version) == ("scratch", "1")
    assert card.reason == (
        "its weights were trained under another split (train 80, eval 10, test 10), under which "
        f"{share} of this run's {side} playlists were its train playlists"
    )
    assert summary == f"from scratch, not from version 1: {card.reason}"
    assert not model.exists()


def test_test_playlists_count_as_well(look, place, toys):
    """All of eval was held out: of 10 buckets it is the last but one. Of test half was not."""
    recard(place.push(toys / "a", 1), split={"train": 1, "eval": 18, "test": 1})
    card = look({"train": 1, "eval": 2, "test": 17})[0]
    assert card.start == "served"
    recard(place.base / "1", split={"train": 2, "eval": 1, "test": 1})
    card = look({"train": 3, "eval": 0 + 1, "test": 4})[0]
    assert card.reason is not None
    assert card.reason.endswith("50% of this run's test playlists were its train playlists")


def test_what_it_was_started_from_counts_as_well(look, place, toys):
    earlier = {"train": 95, "eval": 3, "test": 2}
    start = {"start": "served", "version": "1", "splits": [SPLIT, earlier]}
    recard(place.push(toys / "a", 2), start=start)
    card = look()[0]
    assert card.reason is not None
    assert "under another split (train 95, eval 3, test 2), under which 100%" in card.reason


@pytest.mark.parametrize(
    ("split", "start"),
    [(None, None), (SPLIT, {"start": "served", "splits": [{"train": 5}]})],
)
def test_a_card_that_does_not_say_under_which_split(look, place, toys, split, start):
    recard(place.push(toys / "a", 2), split=split, start=start)
    card = look()[0]
    assert card.start == "scratch"
    assert card.reason == (
        "its model card does not say under which split it was trained, so it may have learnt from "
        "eval playlists of this run"
    )


def test_a_model_of_somebody_else(look, place, toys):
    model = place.push(toys / "a", 2)
    (model / "assets.extra" / "segue.json").unlink()
    assert "what it was trained on is not known" in (look()[0].reason or "")


def test_a_released_version_that_is_gone(look, place, toys):
    place.push(toys / "a", 2)
    place.release(9)
    card = look()[0]
    assert (card.start, card.version) == ("scratch", "9")
    assert "names it, but it is missing" in (card.reason or "")

"""Each segment's model has a profile to train and judge it by."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from pipeline.overrides import load_config

MODELS = ("explore_heavy", "genre_specialist", "personalization_deep", "popularity_blend")


def segments(root: pathlib.Path) -> dict[str, str]:
    """The model of each segment, as the files of its rules name it."""
    files = sorted((root / "configs" / "segments").glob("*.yaml"))
    told = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    return {segment["name"]: segment["model"] for segment in told}


def test_every_segment_has_a_model_of_its_own(root: pathlib.Path) -> None:
    profiles = (root / "configs" / "segments" / "profiles").glob("*.yaml")
    assert sorted(segments(root).values()) == sorted(file.stem for file in profiles)
    assert sorted(segments(root).values()) == sorted(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_a_profile_judges_its_model_on_its_segment(root: pathlib.Path, model: str) -> None:
    profile = root / "configs" / "segments" / "profiles" / f"{model}.yaml"
    config = load_config(profile, [], data="somewhere")
    assert config.candidate == model
    assert config.holdout.of == "listeners"
    assert segments(root)[config.holdout.segment] == model
    # It has to beat what is popular, and where that is claimed the model for all, which is shown.
    also = ("two_tower",) if model == "personalization_deep" else ()
    assert config.gate.better_than == ("popularity", *also)
    assert set(config.baselines) >= {"popularity", "two_tower"}
    # Nearly all playlists are learnt from: listeners are held out by themselves.
    assert config.split.train == 198

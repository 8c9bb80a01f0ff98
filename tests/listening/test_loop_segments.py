"""The second half of `make loop`: which commands it calls, and what it says of segments."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from scripts import loop_segments
from scripts.loop_steps import StepError

BLESSED = {"new_users": False, "power_listeners": True, "genre_focused": True}


class Commands:
    """In place of `segue`: remembers what it was asked, and leaves what a run leaves."""

    def __init__(self, blessed: dict[str, bool]) -> None:
        self.calls: list[list[str]] = []
        self._blessed = blessed

    def __call__(self, *arguments: object, has_status: bool = True) -> dict[str, Any]:
        words = [str(each) for each in arguments]
        self.calls.append(words)
        if words[0] == "run":
            segment = words[-1].partition("=")[2]
            report = pathlib.Path(words[words.index("--out") + 1], "report")
            report.mkdir(parents=True)
            means = {"popularity": 0.1, "two_stage": 0.3}  # in the order of names
            models = {name: {"overall": {"ndcg": {"mean": mean}}} for name, mean in means.items()}
            blessing = {"blessed": self._blessed.get(segment, True)}
            tests = [{"candidate": "two_stage", "baseline": "popularity"}]
            content = json.dumps({"models": models, "tests": tests, "blessing": blessing})
            (report / "metrics.json").write_text(content)
        return {"segments": {"new_users": 3, "power_listeners": 4}} if has_status else {}

    def of(self, *words: str) -> list[list[str]]:
        return [call for call in self.calls if call[: len(words)] == list(words)]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = Commands(BLESSED)
    monkeypatch.setattr(loop_segments, "segue", made)
    return made


def test_models_learn_before_the_cut_and_lists_are_of_the_day_after(
    commands: Commands, tmp_path: pathlib.Path
) -> None:
    loop_segments.run(tmp_path, days=14)
    (slices,) = commands.of("segments", "slices")
    assert slices[slices.index("--cut") + 1] == "2017-11-12T00"
    assert slices[slices.index("--until") + 1] == "2017-11-15T00"
    (trending,) = commands.of("events", "trending")
    assert trending[trending.index("--as-of") + 1] == "2017-11-12T00"
    cuts = [call[call.index("--as-of") + 1] for call in commands.of("segments", "build")]
    assert cuts == ["2017-11-12T00", "2017-11-15T00"]
    (recommend,) = commands.of("recommend")
    assert recommend[recommend.index("--day") + 1] == "2017-11-15"
    order = [" ".join(call[:2]) for call in commands.calls]
    assert order.index("segments slices") < order.index("run --data")
    assert order[-1] == "recommend --listeners"


def test_each_segment_has_the_model_that_its_file_names(
    commands: Commands, tmp_path: pathlib.Path
) -> None:
    found = loop_segments.run(tmp_path, days=14)
    assert {name: row["model"] for name, row in found.items()} == {
        "new_users": "explore_heavy",
        "power_listeners": "personalization_deep",
        "genre_focused": "genre_specialist",
        "casual_listeners": "popularity_blend",
    }
    assert found["power_listeners"] == {
        "listeners": 4,
        "model": "personalization_deep",
        "blessed": True,
        "ndcg": 0.3,
        "popularity_ndcg": 0.1,
    }
    assert found["casual_listeners"]["listeners"] == 0
    recent = f"trending={tmp_path / 'trending_before'}"
    following = [call for call in commands.of("run") if recent in call]
    assert [call[-1] for call in following] == ["holdout.segment=casual_listeners"]
    assert [call[-1] for call in commands.of("run")] == [
        f"holdout.segment={name}" for name in found
    ]


def test_whose_model_is_not_blessed_is_served_by_another(
    commands: Commands, tmp_path: pathlib.Path
) -> None:
    loop_segments.run(tmp_path, days=14)
    (recommend,) = commands.of("recommend")
    served = [word.partition("=")[2] for word in recommend if word.startswith("--models=")]
    assert served[0].split("=") == [
        "new_users",
        str(tmp_path / "models" / "power_listeners" / "serving" / "segue"),
    ]
    assert len(served) == 4


def test_no_blessed_model_ends_the_loop_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    none = dict.fromkeys((*BLESSED, "casual_listeners"), False)
    monkeypatch.setattr(loop_segments, "segue", Commands(none))
    with pytest.raises(StepError, match="no segment's model was blessed"):
        loop_segments.run(tmp_path, days=14)


def test_the_table_names_whose_model_is_not_blessed(
    commands: Commands, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop_segments.show(loop_segments.run(tmp_path, days=14))
    told = capsys.readouterr().out
    assert "personalization_deep" in told
    assert "0.3000" in told
    assert "served by another's model: new_users" in told

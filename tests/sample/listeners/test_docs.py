"""The page of the synthetic listeners says what they are made by."""

from __future__ import annotations

import pathlib
import re

from sample.listeners import ClickModel, kinds
from sample.listeners.faults import FAULTS


def test_shares_and_rates_are_those_of_the_code(root: pathlib.Path) -> None:
    page = (root / "docs" / "listeners.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (\d+% \|.*) \|$", page, re.MULTILINE))
    assert rows == {
        name: f"{kind.share:.0%} | {kind.sessions_per_day:g} | {kind.tracks_per_session:g} "
        f"| {kind.repeat_share:.0%} | {kind.skip_rate:.0%}"
        for name, kind in kinds.KINDS.items()
    }
    for said in (
        f"{kinds.UNHEARD_SHARE:.0%} of `tracks.parquet` are in no playlist",
        f"{kinds.MALFORMED_SHARE:.1%} of events are malformed when they arrive, in {len(FAULTS)}",
        f"{kinds.LATE_SHARE:.0%} arrive late",
        f"{kinds.DUPLICATE_SHARE:.1%} arrive twice",
        f"{kinds.NEWER_SHARE:.0%} of events were written by a client of version 1.1",
        f"the first day is {kinds.START:%Y-%m-%d}",
    ):
        assert said in page


def test_the_click_model_is_that_of_the_code(root: pathlib.Path) -> None:
    page = (root / "docs" / "listeners.md").read_text(encoding="utf-8")
    model = ClickModel()
    for said in (
        f"(1 + k)^-{model.position_bias:g} |",
        f"expit({model.attraction:g} + {model.slope:g}a), times",
        f"expit(logit(the listener's skip rate) - {model.later_slope:g}(a - {model.usual:g})) |",
        f"expit({model.save:g} + {model.later_slope:g}(a - {model.usual:g})) |",
    ):
        assert said in page

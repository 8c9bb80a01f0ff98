import numpy as np
import pandas as pd
import pytest

from components.significance.judgement import judge
from components.significance.shown import ShownSummary
from evaluation.gate_config import GateConfig
from schema.documents import Exposure, Judgement
from schema.model_card import ModelCard

SHOWN = Exposure(artists=3, withheld_artists=5, artists_of_half=1)


def rows(**means: float) -> pd.DataFrame:
    """Eighty eval playlists and a few of test a model; models differ by their means alone."""
    generator = np.random.default_rng(3)
    noise = generator.uniform(-0.05, 0.05, 80)
    frames = []
    for model, mean in means.items():
        own = generator.uniform(-0.02, 0.02, 80)
        frame = pd.DataFrame({"ndcg": np.clip(mean + noise + own, 0, 1)})
        frame["model"], frame["scenario"] = model, "first5"
        frame["split"] = ["eval"] * 70 + ["test"] * 10
        frame["pid"] = [str(n) for n in range(80)]
        frame["num_seeds"], frame["num_holdouts"] = 5, 10
        frame["length"], frame["unreachable"] = 15, 1
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def judged(table: pd.DataFrame, served: str | None = None, **options) -> Judgement:
    names = table["model"].unique()
    return judge(
        table,
        # Equal to the name in the rows, and as in a run no part of the same text.
        candidate="".join(("candi", "date")),
        served=served,
        gate=GateConfig(resamples=999),
        shown={"eval": dict.fromkeys(names, ShownSummary(coverage=0.5, exposure={"": SHOWN}))},
        cards={name: ModelCard(family=name, fit_seconds=1.5) for name in names},
        seed=1,
        refusals=options.get("refusals", ()),
    )


def test_a_better_model_is_blessed_and_told_why():
    result = judged(rows(candidate=0.4, popularity=0.2, served=0.35), served="served")
    assert result.blessing.blessed
    assert any("popularity" in reason for reason in result.blessing.reasons)
    assert {test.baseline for test in result.tests} == {"popularity", "served"}
    assert Judgement.model_validate_json(result.to_json()).models == result.models


def test_a_model_worse_than_the_served_one_is_refused():
    result = judged(rows(candidate=0.3, popularity=0.2, served=0.35), served="served")
    assert not result.blessing.blessed
    assert "Worse than the served model" in result.blessing.reasons[0]


def test_what_another_component_refuses_stays_refused():
    refusals = ["Evaluator: ndcg is too low.", "InfraCheck: a request timed out."]
    result = judged(rows(candidate=0.4, popularity=0.2), refusals=refusals)
    assert not result.blessing.blessed
    assert result.blessing.reasons[:2] == refusals
    assert [check.passed for check in result.checks[:3]] == [False, False, True]


def test_eval_decides_and_test_is_reported_apart():
    result = judged(rows(candidate=0.4, popularity=0.2))
    assert result.models["candidate"].playlists == 70
    assert result.test_models["candidate"].playlists == 10
    assert all(test.n == 70 for test in result.tests if test.scenario is None)
    assert result.models["candidate"].overall["coverage"].mean == 0.5
    assert result.models["candidate"].exposure == {"": SHOWN}
    assert result.models["candidate"].fit_seconds == 1.5


def test_without_eval_playlists_nothing_is_blessed():
    table = rows(candidate=0.4, popularity=0.2)
    result = judged(table[table["split"] == "test"])
    assert not result.blessing.blessed
    assert "eval" in result.blessing.reasons[0]
    assert result.models == {}


@pytest.mark.parametrize("missing", ["popularity"])
def test_a_baseline_that_was_not_scored_refuses(missing):
    table = rows(candidate=0.4, popularity=0.2)
    result = judged(table[table["model"] != missing])
    assert not result.blessing.blessed

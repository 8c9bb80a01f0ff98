"""What the console shows of a comparison, line by line."""

import io

import pandas as pd
import pytest
import rich.console

from evaluation import render
from evaluation.compare import Comparison
from evaluation.significance.result import TestResult
from schema.documents import Estimate, ModelSummary


def paired_test(metric: str, scenario: str | None = None, **values) -> TestResult:
    fields = {
        "test": "studentised bootstrap",
        "reason": "",
        "alternative": "better",
        "n": 20,
        "p_value": 0.01,
        "p_adjusted": 0.02,
        "effect_name": "d_z",
        "effect": 0.5,
        "mean_difference": 0.1,
        "ci_low": 0.05,
        "ci_high": 0.15,
        "confidence": 0.95,
        "alpha": 0.05,
        "significant": True,
        **values,
    }
    return TestResult(
        metric=metric, scenario=scenario, candidate="B side", baseline="A side", **fields
    )


def summary(ndcg: float, clicks: float | None) -> ModelSummary:
    overall = {"ndcg": Estimate(mean=ndcg), "clicks": Estimate(mean=clicks)}
    by_scenario = {"title": {"ndcg": Estimate(mean=ndcg / 2)}}
    return ModelSummary(overall=overall, scenarios=by_scenario, playlists=20)


def comparison(*tests: TestResult, **more) -> Comparison:
    models = {"A side": summary(0.4, 2.0), "B side": summary(0.5, None)}
    numbers = {"shared": 20, "only_a": 0, "only_b": 0, **more}
    return Comparison("A side", "B side", models, list(tests), rows=pd.DataFrame(), **numbers)


def shown(found: Comparison) -> list[str]:
    console = rich.console.Console(file=io.StringIO(), width=120)
    console.print(render.comparison(found))
    text: str = console.file.getvalue()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if line.strip(" ─")]


def test_a_comparison_line_by_line():
    found = comparison(
        paired_test("ndcg"),
        paired_test(
            "clicks",
            higher_is_better=False,
            mean_difference=None,
            p_adjusted=None,
            significant=False,
            test="no test",
            alternative="two-sided",
        ),
        # As read from a document: equal to the name, and another object.
        paired_test(
            "".join(["nd", "cg"]), "title", p_adjusted=0.0004, mean_difference=-0.05, effect=None
        ),
        paired_test("clicks", "title"),
    )
    assert shown(found) == [
        "20 playlists with the same withheld tracks",
        "B, B side, against A, A side",
        "metric A B B - A 95% interval p effect",
        "ndcg 0.4000 0.5000 +0.1000 +0.0500 +0.1500 0.020 * +0.50",
        "clicks ↓ 2.0000 – – +0.0500 +0.1500 – +0.50",
        "B, B side, against A, A side in NDCG, by scenario",
        "scenario A B B - A 95% interval p effect",
        "title 0.2000 0.2500 -0.0500 +0.0500 +0.1500 <0.001 * –",
        "p: no test, studentised bootstrap, better, Holm-corrected; * shown at 5%",
    ]


def test_a_number_of_a_thousandth_is_written_out():
    lines = shown(comparison(paired_test("ndcg", p_adjusted=0.001)))
    assert any(" 0.001 * " in line for line in lines)


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ({"only_a": 3}, "; left out: 3 of A side only"),
        ({"only_b": 1, "unanswered": 2}, "; left out: 1 of B side only, 2 that neither answers"),
        ({"unjudged": 4}, "; left out: 4 without withheld tracks"),
    ],
)
def test_says_what_is_left_out(left_out, words):
    first = shown(comparison(paired_test("ndcg"), **left_out))[0]
    assert first == "20 playlists with the same withheld tracks" + words


def test_a_caution_and_nothing_to_test():
    lines = shown(comparison(caution="the rows are of an earlier version"))
    assert lines[:2] == [
        "20 playlists with as many withheld tracks",
        "Caution: the rows are of an earlier version.",
    ]
    assert lines[-1] == "nothing to compare"

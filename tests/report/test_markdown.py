from __future__ import annotations

import dataclasses

from report import markdown
from report.loading import RunResults
from schema.documents import RunMetrics


def test_a_run_has_its_verdict_and_every_model(results: RunResults) -> None:
    text = markdown.run(results)
    assert text.startswith("### two_tower is ")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[0].startswith("| model | NDCG ↑ | R-precision ↑ | Clicks ↓ |")
    assert {row.split(" | ")[0].strip("| *") for row in rows[2:]} == set(results.models)
    assert len({row.count("|") for row in rows}) == 1


def test_names_end_no_cell_and_begin_no_html(results: RunResults) -> None:
    named = RunMetrics.model_validate(
        {
            "models": {"a|b<script>": results.metrics.models["two_tower"]},
            "blessing": {"blessed": False, "reasons": ["one\ntwo <b>"]},
        }
    )
    text = markdown.run(dataclasses.replace(results, metrics=named))
    assert "a\\|b&lt;script>" in text
    assert "- one two &lt;b>" in text


def test_of_nothing_it_says_that(results: RunResults) -> None:
    empty = dataclasses.replace(results, metrics=RunMetrics(), notes=("metrics.json is missing.",))
    assert "- metrics.json is missing." in markdown.run(empty)

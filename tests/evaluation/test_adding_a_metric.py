"""The example of docs/evaluation.md, from one class and one line to the tables of a run."""

from __future__ import annotations

import io
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rich.console

from components.significance.judgement import judge
from evaluation.gate_config import GateConfig
from evaluation.metrics import Metric, Recommendations, registry
from pipeline.console.results import models_table
from report.loading import load
from report.sections import differences, quality, verdict
from schema import rows
from schema.documents import METRICS_FILE, RunMetrics
from tests.evaluation.test_evaluation_docs import BLOCKS

NAME = "precision@10"


@pytest.fixture
def precision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Metric:
    """The documented metric, as if it stood in the registry's table."""
    (block,) = [block for block in BLOCKS if "class Precision(Metric)" in block]
    path = tmp_path / "precision.py"
    path.write_text(block, encoding="utf-8")
    metric = runpy.run_path(str(path))["Precision"]()
    monkeypatch.setitem(registry.TABLE, metric.name, metric)
    monkeypatch.setitem(registry.METRICS, metric.name, metric)
    return metric


def scored(model: str, hits: int) -> pd.DataFrame:
    """Forty playlists that withhold tracks 0 to 9, of which ten recommendations hold `hits`."""
    recommended = np.tile([*range(hits), *range(100, 110 - hits)], (40, 1))
    batch = Recommendations.from_ids(recommended, [range(10)] * 40)
    facts = {
        rows.MODEL: model,
        rows.SPLIT: "eval",
        rows.PID: [str(pid) for pid in range(40)],
        rows.SCENARIO: "title",
        rows.NUM_SEEDS: 0,
        rows.NUM_HOLDOUTS: 10,
        rows.LENGTH: 10,
        rows.UNREACHABLE: 0,
    }
    return pd.DataFrame({**facts, **registry.evaluate(batch)})


def test_one_class_and_one_line_reach_rows_tests_report_and_console(
    precision: Metric, tmp_path: Path
) -> None:
    table = pd.concat([scored("new", 6), scored("popularity", 3)], ignore_index=True)
    table.to_parquet(tmp_path / rows.ROWS_FILE)
    assert rows.arrow_schema(registry.METRICS).names[-1] == NAME
    judged = judge(
        table,
        candidate="new",
        served=None,
        gate=GateConfig(resamples=999),
        shown={},
        cards={},
        seed=1,
    )
    assert judged.models["new"].overall[NAME].mean == pytest.approx(0.6)
    (test,) = [test for test in judged.tests if test.metric == NAME and test.scenario is None]
    assert test.mean_difference == pytest.approx(0.3)
    assert test.significant

    metrics = RunMetrics(models=judged.models, tests=judged.tests, blessing=judged.blessing)
    (tmp_path / METRICS_FILE).write_text(metrics.to_json(), encoding="utf-8")
    results = load(tmp_path)
    assert NAME in results.rows.columns
    overall = dict(quality.build(results)["overall"].rows)
    assert [(cell.text, cell.best) for cell in overall["Precision@10 ↑"]] == [
        ("0.6000", True),
        ("0.3000", False),
    ]
    assert "Precision@10 ↑" in [row.metric for row in differences.build(results)["others"]]
    tiles = {tile.label: tile for tile in verdict.build(results)["tiles"]}
    assert tiles["Precision@10"].meaning == precision.meaning

    console = rich.console.Console(file=io.StringIO(), width=160)
    console.print(models_table(metrics, console))
    assert "Precision@10 ↑" in console.file.getvalue()

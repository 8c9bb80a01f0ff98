import json
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from benchmarks import gate_honesty
from benchmarks.gate_honesty import RULES, Population, Simulator, load, rate
from evaluation.gate_config import GateConfig

QUICK = {"better_than": (), "max_scenario_drop": None, "resamples": 999}


@pytest.fixture
def rows(tmp_path):
    rng = np.random.default_rng(0)
    base = rng.beta(2, 6, 200)
    models = {
        "one": np.clip(base + rng.normal(0, 0.02, 200), 0, 1),
        "two": np.clip(base - 0.01 + rng.normal(0, 0.02, 200), 0, 1),
        "popularity": 0.2 * base,
    }
    table = pd.concat(
        pd.DataFrame(
            {"model": name, "pid": range(200), "scenario": "title", "split": "eval", "ndcg": ndcg}
        )
        for name, ndcg in models.items()
    )
    table.to_parquet(tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


def test_models_are_named_or_ranked(rows):
    arguments = {"metric": "ndcg", "baseline": "popularity"}
    population, names = load(rows, model=None, twin=None, **arguments)
    assert names == {"model": "one", "twin": "two", "baseline": "popularity"}
    assert len(population.model) == 200
    _, names = load(rows, model="two", twin=None, **arguments)
    assert (names["model"], names["twin"]) == ("two", "one")
    with pytest.raises(ValueError, match="no model 'three'; it has: one, popularity, two"):
        load(rows, model="three", twin=None, **arguments)
    with pytest.raises(ValueError, match="no column 'mrr'"):
        load(rows, model=None, twin=None, metric="mrr", baseline="popularity")


def test_what_is_true_is_what_the_gate_says(rows):
    population, _ = load(rows, metric="ndcg", model=None, twin=None, baseline="popularity")
    simulator = Simulator(population, "ndcg", 200, seed=0)
    better = GateConfig(against_served="better", **QUICK)
    assert simulator.blessed(better, 20) <= 4  # equal models: one in twenty is expected
    assert simulator.blessed(better, 20, loss=-0.3) == 20  # 30% better
    for rule in RULES:
        assert simulator.blessed(GateConfig(against_served=rule, **QUICK), 5, loss=0.3) == 0
    assert simulator.blessed(GateConfig(against_served="non_inferior", **QUICK), 20) >= 15


def test_the_loss_is_as_large_as_asked_for():
    # A model of 0.4 everywhere that falls to 0.1: broken everywhere it loses 75%.
    values = np.full(10, 0.4)
    population = Population(np.full(10, "title"), values, values, np.full(10, 0.1))
    assert population.largest_loss == pytest.approx(0.75)
    simulator = Simulator(population, "ndcg", 10, seed=0)
    every_playlist = GateConfig(
        against_served="better",
        better_than=("popularity",),
        **{key: value for key, value in QUICK.items() if key != "better_than"},
    )
    # At a loss of 75% every row is popularity's: the candidate is no better than that.
    assert simulator.blessed(every_playlist, 3, loss=0.75) == 0


def test_skewed_models_are_equal():
    # A model of 0.5 that falls to 0.1 on a tenth: -0.4 there, 0.4 · 0.1 / 0.9 = 0.0444 elsewhere.
    population = Population(
        np.full(10, "title"), np.full(10, 0.5), np.full(10, 0.5), np.full(10, 0.1)
    )
    simulator = Simulator(population, "ndcg", 100_000, seed=0)
    sides, _ = simulator.draw(0, skewed=0.1)
    assert set(np.round(sides["candidate"] - sides["served"], 4)) == {-0.4, 0.0444}
    assert sides["candidate"].mean() == pytest.approx(0.5, abs=0.002)
    # Two points, 0.1 and 0.9: (1 - 2 · 0.1) / √(0.1 · 0.9) = 2.667 towards the losses.
    assert population.skewed["10%"] == pytest.approx(-2.667, abs=1e-3)
    sides, _ = simulator.draw(0, skewed=-0.1, loss=0.05)
    assert set(np.round(sides["candidate"], 4)) == {0.475}
    assert set(np.round(sides["served"], 4)) == {0.1, 0.5444}


def test_the_evaluator_refuses_beside_the_gate():
    # All lose 11% of the mean: the Evaluator takes 10%, this gate a fifth of a scenario.
    values = np.linspace(0.3, 0.5, 50)
    population = Population(np.full(50, "title"), values, values, values * 0.2)
    simulator = Simulator(population, "ndcg", 50, seed=0)
    config = GateConfig(against_served="non_inferior", margin=0.5, better_than=(), resamples=999)
    assert simulator.refused(config, 2, loss=0.11, skewed=1e-9) == {
        "gate": 0,
        "evaluator": 2,
        "either": 2,
    }
    assert not simulator.evaluator_refuses(0, loss=0.09, skewed=1e-9)


def test_rates_by_hand():
    found = rate(5, 100)
    assert found["rate"] == 0.05
    # Wilson: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n) with z = 1.96.
    assert (found["ci_low"], found["ci_high"]) == (
        pytest.approx(0.0215, abs=1e-4),
        pytest.approx(0.1118, abs=1e-4),
    )


def test_the_command_writes_figures_and_plot(rows, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gate_honesty, "SIZES", (0.0, 0.1))
    monkeypatch.setattr(gate_honesty, "_EVALUATOR_DRAWS", 20)
    out = tmp_path / "docs"
    options = "--simulations 1 --null-simulations 1 --playlists 50 --resamples 999 --out"
    monkeypatch.setattr(sys, "argv", ["gate_honesty", str(rows), *options.split(), str(out)])
    gate_honesty.main()
    found = json.loads((out / "gate_honesty.json").read_text())
    assert found["playlists"] == 50
    assert [point["size"] for point in found["curves"]["better"]] == [0, 0.1]
    assert [point["size"] for point in found["curves"]["non_inferior"]] == [0, -0.1]
    assert {figure["simulations"] for figure in found["false_blessings"].values()} == {1}
    assert {figure["evaluator"]["count"] for figure in found["wrong_refusals"].values()} <= {0, 1}
    assert set(found["evaluator_alone"]) == {"50", "100", "200", "500", "1000"}
    svg = ElementTree.parse(out / "gate_honesty.svg").getroot()
    assert len(svg.findall("{*}polyline")) == 3
    assert len(svg.findall("{*}circle")) == 6
    assert "nominal 5%" in capsys.readouterr().out


def test_the_command_names_what_is_wrong(rows, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gate_honesty", str(rows), "--model", "three"])
    with pytest.raises(SystemExit) as stop:
        gate_honesty.main()
    assert stop.value.code == 2
    assert "no model 'three'" in capsys.readouterr().err

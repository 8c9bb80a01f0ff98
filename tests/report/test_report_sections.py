from __future__ import annotations

import dataclasses
import json
from typing import Any

import pandas as pd
import pytest

from report import loading
from report.sections import (
    behaviour,
    data,
    differences,
    examples,
    forest,
    provider,
    quality,
    run,
    training,
    verdict,
)
from schema.documents import RunDetails, RunMetrics, parse


def make(
    rows: list[dict[str, Any]] | None = None,
    metrics: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
) -> loading.RunResults:
    frame = pd.DataFrame(rows or [])
    if rows:
        frame["split"] = frame.get("split", "eval")
    return loading.RunResults(
        parse(RunMetrics, json.dumps(metrics or {}), "metrics.json")[0],
        frame,
        parse(RunDetails, json.dumps(details or {"run": {"candidate": "new"}}), "details.json")[0],
    )


SEGMENT = "casual_listeners"


def pair(pid: str, new: float, old: float, scenario: str = "title") -> list[dict[str, Any]]:
    shared = {"pid": pid, "scenario": scenario}
    return [
        {"model": "new", "ndcg": new, **shared},
        {"model": "old", "ndcg": old, **shared},
    ]


def overall(**models: dict[str, float | None]) -> dict[str, Any]:
    return {
        "models": {
            name: {"overall": {metric: {"mean": mean} for metric, mean in means.items()}}
            for name, means in models.items()
        }
    }


@pytest.mark.parametrize(
    ("metrics", "headline", "consequence"),
    [
        (
            {"blessing": {"blessed": True, "reasons": []}, "pushed_version": "17"},
            "new is blessed",
            "pushed as version 17",
        ),
        (
            {
                "blessing": {"blessed": True},
                "pushed_version": "17",
                "push": "pushed as version 17; servers stay with version 3",
            },
            "new is blessed",
            "and was pushed as version 17; servers stay with version 3.",
        ),
        (
            {"blessing": {"blessed": True}, "pushed_version": None},
            "new is blessed",
            "Nothing was pushed",
        ),
        (
            {"blessing": {"blessed": False, "reasons": ["NDCG is below its floor."]}},
            "new is not blessed",
            "The model served before stays in service",
        ),
        ({}, "No verdict on new", "no decision"),
        ({"blessing": {"blessed": "yes"}}, "No verdict on new", "no decision"),
    ],
)
def test_verdict(metrics: dict[str, Any], headline: str, consequence: str) -> None:
    details = {"run": {"candidate": "new", "served": "old"}}
    found = verdict.build(make(metrics=metrics, details=details))
    assert found["headline"] == headline
    assert consequence in found["consequence"]
    told = (metrics.get("blessing") or {}).get("reasons", [])
    assert found["reasons"] == [(text, None) for text in told]


def test_reasons_are_marked_where_the_gate_kept_its_checks() -> None:
    checks = [
        {"text": "a.", "passed": True},
        {"text": "b.", "passed": False},
        {"text": "d.", "passed": True, "judged": False},
        {"text": "e.", "passed": False, "judged": False},
        {"text": 3},
    ]
    details = {"gate": {"alpha": 0.05, "checks": checks}}
    metrics = {"blessing": {"blessed": False, "reasons": ["b.", "a.", "c."]}}
    results = make(metrics=metrics, details=details)
    assert verdict.build(results)["reasons"] == [("b.", False), ("a.", True), ("c.", None)]
    # The settings of the gate do not repeat them.
    assert run.build(results)["gate"] == [("alpha", "0.05")]


def test_tiles_compare_with_the_best_other_model() -> None:
    metrics = overall(
        new={"ndcg": 0.25, "clicks": 4.0, "coverage": 0.1, "r_precision": 0.1},
        old={"ndcg": 0.26, "clicks": 5.0, "coverage": 0.2, "r_precision": 0.100001},
        bad={"ndcg": 0.0, "clicks": 51.0},
    )
    tiles = {tile.label: tile for tile in verdict.build(make(metrics=metrics))["tiles"]}
    assert (tiles["NDCG"].rank, tiles["NDCG"].rival) == ("behind", "old 0.2600")
    # Fewer clicks are better.
    assert (tiles["Clicks"].rank, tiles["Clicks"].rival) == ("ahead of", "old 5.00")
    assert tiles["R-precision"].rank == "level with"
    # More coverage is not better as such.
    assert tiles["Coverage"].rival == ""


def test_the_best_is_marked_by_the_metrics_direction() -> None:
    metrics = overall(
        new={"ndcg": 0.25, "clicks": 4.0, "popularity": 3.0},
        old={"ndcg": 0.26, "clicks": 3.0, "popularity": 5.0},
        gone={"ndcg": None},
    )
    table = quality.build(make(metrics=metrics))["overall"]
    assert table.head == ["new", "old", "gone"]
    best = {name: [cell.best for cell in cells] for name, cells in table.rows}
    assert best["NDCG ↑"] == [False, True, False]
    assert best["Clicks ↓"] == [False, True, False]
    assert best["Popularity"] == [False, False, False]
    assert dict(table.rows)["NDCG ↑"][2].text == "—"


def test_a_single_model_is_not_called_best() -> None:
    table = quality.build(make(metrics=overall(new={"ndcg": 0.25})))["overall"]
    assert [cell.best for cell in table.rows[0][1]] == [False]


def test_splits_are_told_apart() -> None:
    rows = pair("1", 0.5, 0.1) + pair("2", 0.7, 0.1)
    rows += [{**row, "split": "test", "pid": "3"} for row in pair("3", 0.2, 0.1)]
    for row in rows:
        row.setdefault("split", "eval")
    table = quality.build(make(rows))["splits"]
    assert table.head == ["eval (decides)", "test"]
    # (0.5 + 0.7) / 2 and 0.2 alone, which has no interval
    assert [cell.text for cell in table.rows[0][1]] == ["0.6000", "0.2000"]
    assert table.rows[0][1][1].interval == ""


def test_the_evaluators_slices_stand_beside_the_rows_own() -> None:
    rows = [
        {**row, "num_seeds": seeds, "length": 30}
        for pid, ndcg, seeds, scenario in (
            ("1", 0.2, 0, "title"),
            ("2", 0.4, 3, "title+first5"),
            ("3", 0.6, 101, "title+rand100"),
        )
        for row in pair(pid, ndcg, 0.1, scenario)
    ]

    def part(feature: str, value: str, mean: float) -> dict[str, Any]:
        metrics = {"ndcg": {"mean": mean, "ci_low": mean - 0.1, "ci_high": mean + 0.1}}
        return {"feature": feature, "value": value, "metrics": metrics}

    evaluator = [
        part("", "", 0.4),
        part("length_bucket", "026-050", 0.4),
        part("popularity_bucket", "000", 0.4),
        part("scenario", "title", 0.2),
        part("seeds_bucket", "001-005", 0.4),
        part("seeds_bucket", "101+", 0.6),
        {"feature": "scenario", "value": "first5", "metrics": {}},
    ]
    details = {"run": {"candidate": "new"}, "evaluator": evaluator}
    table = quality.build(make(rows, details=details))["slices"]
    assert [(label, [cell.text for cell in cells]) for label, cells in table.rows] == [
        ("All playlists", ["0.4000", "0.4000"]),
        ("Tracks in all 26–50", ["0.4000", "0.4000"]),
        ("Median popularity 0", ["0.4000", "\N{EM DASH}"]),
        ("Scenario title", ["0.2000", "0.2000"]),
        ("Seed tracks 1–5", ["0.4000", "0.4000"]),
        ("Seed tracks 101+", ["0.6000", "0.6000"]),
    ]
    assert table.rows[0][1][0].interval == "0.3000 to 0.5000"
    # Mean 0.4, standard deviation 0.2: 0.4 ± 4.3027 · 0.2 / √3, from −0.0968 on, and NDCG from 0.
    assert table.rows[0][1][1].interval == "0.0000 to 0.8968"
    assert quality.build(make(rows))["slices"] is None


def test_differences_come_from_the_tests_of_the_run() -> None:
    test = {
        "metric": "ndcg",
        "candidate": "new",
        "baseline": "old",
        "test": "paired t",
        "reason": "Differences are near normal.",
        "n": 2,
        "mean_difference": 0.05,
        "ci_low": -0.01,
        "ci_high": 0.11,
        "p_value": 0.2,
        "p_adjusted": 0.4,
        "effect": 0.3,
        "effect_name": "d_z",
        "significant": False,
        "minimum_detectable": 0.08,
    }
    worse = {**test, "scenario": "title", "mean_difference": -0.2, "ci_low": -0.3}
    worse |= {"ci_high": -0.1}
    other = {**test, "metric": "clicks", "significant": True, "dropped": 2, "effect_name": "none"}
    found = differences.build(
        make(
            metrics={
                **overall(new={"ndcg": 0.3}, old={"ndcg": 0.25}),
                "tests": [test, worse, other],
            }
        )
    )
    (plot,) = found["forests"]
    assert plot.title == "against old"
    assert [row.label for row in plot.rows] == ["Overall", "title"]
    assert [row.note for row in plot.rows] == ["+0.0500", "−0.2000"]
    marks = [row.marks[0] for row in plot.rows]
    # Neither was shown to be better; the whole interval of the second is below zero.
    assert [mark.hollow for mark in marks] == [True, True]
    assert [mark.series for mark in marks] == [0, forest.WORSE_SERIES]
    assert "Clearly worse: title." in plot.alt
    assert found["any_worse"]
    assert found["tests"][0].interval == "−0.0100 to 0.1100"
    assert found["tests"][0].reason == "Differences are near normal."
    assert [row.scenario for row in found["scenarios"]] == ["title"]
    assert [(row.metric, row.dropped, row.effect_name) for row in found["others"]] == [
        ("Clicks ↓", "2", "")
    ]
    assert found["detectable"] == [("old", "0.0800")]


def test_differences_come_from_the_rows_where_nothing_was_tested() -> None:
    rows = pair("1", 0.3, 0.1) + pair("2", 0.3, 0.1) + pair("3", 0.1, 0.3, "first5")
    found = differences.build(make(rows))
    (plot,) = found["forests"]
    assert [row.label for row in plot.rows] == ["Overall", "title", "first5"]
    # (0.2 + 0.2 - 0.2) / 3, 0.2, -0.2
    assert [row.note for row in plot.rows] == ["+0.0667", "+0.2000", "−0.2000"]
    # One playlist has no interval, and shows nothing for sure.
    assert plot.rows[2].marks[0].low is None
    assert plot.rows[2].marks[0].hollow
    assert not found["any_tests"]


def test_the_spread_counts_better_level_and_worse() -> None:
    rows = pair("1", 0.3, 0.1) + pair("2", 0.2, 0.2) + pair("3", 0.1, 0.2) + pair("4", 0.4, 0.3)
    (spread,) = differences.build(make(rows))["spreads"]
    assert (spread.better, spread.level, spread.worse, spread.n) == (0.5, 0.25, 0.25, 4)
    # The level playlist is in no bar: of the drawn ones two are right of zero, one left.
    drawn = [bar for bar in spread.chart.columns if bar.height]
    assert [bar.kind for bar in drawn] == ["down", "up", "up"]


def test_identical_models_have_a_spread_without_bars() -> None:
    rows = pair("1", 0.3, 0.3) + pair("2", 0.2, 0.2)
    (spread,) = differences.build(make(rows))["spreads"]
    assert spread.level == 1.0
    assert not any(bar.height for bar in spread.chart.columns)


def test_unpaired_playlists_are_left_out() -> None:
    rows = [*pair("1", 0.3, 0.1), {"model": "new", "pid": "2", "scenario": "title", "ndcg": 0.9}]
    (spread,) = differences.build(make(rows))["spreads"]
    assert spread.n == 1


def behaving(model: str, pid: str, ndcg: float, **more: float) -> dict[str, Any]:
    return {"model": model, "pid": pid, "scenario": "x", "ndcg": ndcg, **more}


def test_seeds_are_put_in_buckets() -> None:
    rows = [
        behaving("new", "1", 0.1, num_seeds=0),
        behaving("new", "2", 0.2, num_seeds=3),
        behaving("new", "3", 0.4, num_seeds=5),
        behaving("old", "1", 0.1, num_seeds=0),
    ]
    chart = behaviour.build(make(rows))["seeds"]
    assert [tick.label for tick in chart.x_ticks] == ["0", "2–5"]
    lines = {line.name: line for line in chart.lines}
    assert len(lines["new"].points) == 2
    # (0.2 + 0.4) / 2
    assert lines["new"].points[1].tip == "new, 2–5 seeds: 0.3000 (2 playlists)"
    assert len(lines["old"].points) == 1


def test_intervals_stay_where_the_metric_can_be() -> None:
    # Of two playlists Student's interval of [0, 1] is 0.5 ± 6.35.
    rows = [behaving("new", str(i), i % 2, num_seeds=i // 2) for i in range(4)]
    chart = behaviour.build(make(rows))["seeds"]
    assert [tick.label for tick in chart.y_ticks] == ["0", "0.5", "1.0"]
    assert [point.low for point in chart.lines[0].points] == [chart.y_ticks[0].at] * 2
    assert [point.high for point in chart.lines[0].points] == [chart.y_ticks[-1].at] * 2


def test_reach_by_hand() -> None:
    rows = [
        # 10 withheld, 5 of them never seen; 4 found: 4/10 of all, 4/5 of the reachable
        {**behaving("new", "1", 0.1), "num_holdouts": 10, "unreachable": 5, "recall@500": 0.4},
        # nothing could be found: it counts among all, not among the reachable
        {**behaving("new", "2", 0.0), "num_holdouts": 2, "unreachable": 2, "recall@500": 0.0},
    ]
    reach = behaviour.build(make(rows))["reach"]
    assert (reach.withheld, reach.unreachable, reach.share) == ("12", "7", "58%")
    # (5/10 + 0/2) / 2
    assert reach.ceiling == "0.250"
    assert reach.rows == [("new", 0, "0.2000", "0.8000")]


def test_cold_playlists_are_told_apart() -> None:
    rows = [
        behaving("new", "1", 0.1, num_seeds=0),
        behaving("new", "2", 0.4, num_seeds=1),
        behaving("new", "3", 0.2, num_seeds=9),
    ]
    cold = behaviour.build(make(rows))["cold"]
    assert cold.head == ["Title only", "With seed tracks"]
    assert cold.sizes == ["1 playlist", "2 playlists"]
    assert [bar.text for bar in cold.rows[0][2]] == ["0.1000", "0.3000"]
    # 0.1 is a third of 0.3
    assert [bar.width for bar in cold.rows[0][2]] == [33.3, 100.0]


def shown(groups: list[tuple[str, float, float]], artists: int, half: int | None) -> dict[str, Any]:
    return {
        "artists": artists,
        "withheld_artists": 40,
        "artists_of_half": half,
        "withheld_artists_of_half": 9,
        "by_popularity": [
            {"playlists": name, "shown": mine, "withheld": theirs, "found": mine / 5}
            for name, mine, theirs in groups
        ],
    }


def test_provider_sets_what_is_shown_beside_what_was_withheld() -> None:
    mine = shown([("1", 0.25, 0.5), ("101+", 0.75, 0.5)], 12, 4)
    theirs = shown([("1", 0.0, 0.5), ("101+", 1.0, 0.5)], 3, 1)
    found = provider.build(
        make(
            metrics={
                "models": {
                    "new": {
                        "exposure": {"": mine, SEGMENT: mine},
                        "scenarios": {SEGMENT: {}},
                    },
                    "old": {"exposure": {"": theirs}},
                }
            }
        )
    )
    assert found["popularity"].head == ["Withheld", "new", "old"]
    assert [(name, [c.text for c in cells]) for name, cells in found["popularity"].rows] == [
        ("1", ["50%", "25%", "0%"]),
        ("101+", ["50%", "75%", "100%"]),
    ]
    texts = [(name, [(c.text, c.interval) for c in cells]) for name, cells in found["artists"].rows]
    assert texts == [
        ("Overall", [("9", "of 40"), ("4", "of 12"), ("1", "of 3")]),
        ("casual_listeners", [("9", "of 40"), ("4", "of 12"), ("–", "")]),
    ]
    assert [[c.text for c in cells] for _, cells in found["found"].rows] == [
        ["5%", "0%"],
        ["15%", "20%"],
    ]
    (only,) = found["details"]
    assert (only.caption.endswith(": casual_listeners"), only.head) == (True, ["Withheld", "new"])


def test_provider_of_nothing() -> None:
    assert provider.build(make()) == {
        "popularity": None,
        "found": None,
        "artists": None,
        "details": [],
    }


def test_behaviour_of_nothing() -> None:
    found = behaviour.build(make())
    found.pop("label")
    assert set(found.values()) == {None}


def test_lengths_that_make_no_histogram_are_left_out() -> None:
    for lengths in (
        {"edges": [0, 5], "counts": [1]},
        {"edges": [0, 5, 5], "counts": [1, 2]},
        {"edges": [0, 5, 9], "counts": [1, -2]},
        {"edges": [0, 5, "x"], "counts": [1, 2]},
        "none",
    ):
        assert data.build(make(details={"data": {"lengths": lengths}}))["lengths"] is None
    good = {"edges": [0, 5, 9], "counts": [1, 2]}
    chart = data.build(make(details={"data": {"lengths": good}}))["lengths"]
    assert "most have 5 to 9" in chart.alt


def test_rejects_that_did_not_happen_are_not_listed() -> None:
    metrics = {"data": {"rejects": {"no_tracks": 0, "duplicate_pid": 2, "unreadable_file": 9}}}
    found = data.build(make(metrics=metrics))
    assert found["rejects"] == [("unreadable file", "9"), ("duplicate pid", "2")]


def test_training_draws_each_number_against_the_clock() -> None:
    history = [{"step": s, "epoch": 1, "loss": 1 / s, "note": "x"} for s in (2, 1, 4)]
    details = {"training": {"new": {"history": history, "params": {"a": {"b": [1, "x"]}}}}}
    (trained,) = training.build(make(details=details))["trained"]
    (chart,) = trained.charts
    assert chart.y_axis == "loss"
    # Sorted by step: 1 is left, 4 is right, 2 a third of the way.
    assert [point.x for point in chart.lines[0].points] == [0.0, 33.33, 100.0]
    assert trained.params == [("a.b", '[1, "x"]')]


def test_tuning_lists_every_trial() -> None:
    tuning = [
        {"trial": 3, "ndcg": 0.31, "values": {"factors": 64, "start.alpha": 31.62278}},
        {"trial": 0, "ndcg": 0.3, "values": {"factors": 128, "start.alpha": 40.0, "kind": "x"}},
    ]
    details = {"training": {"new": {}, "old": {}}, "tuning": {"new": tuning}}
    new, old = training.build(make(details=details))["trained"]
    assert old.trials is None
    table = new.trials
    assert table is not None
    assert table.head == ["NDCG", "factors", "start.alpha", "kind"]
    assert [(name, [cell.text for cell in cells]) for name, cells in table.rows] == [
        ("4", ["0.3100", "64", "31.62", "\N{EM DASH}"]),
        ("1 (configured)", ["0.3000", "128", "40", "x"]),
    ]
    assert [cells[0].best for _, cells in table.rows] == [True, False]


def test_long_histories_are_thinned_but_keep_their_end() -> None:
    history = [{"step": s, "loss": float(s)} for s in range(10_001)]
    details = {"training": {"new": {"history": history}}}
    (trained,) = training.build(make(details=details))["trained"]
    points = trained.charts[0].lines[0].points
    assert len(points) <= training.MAX_POINTS + 1
    assert points[-1].x == 100.0


def test_examples_are_cut_to_what_one_reads() -> None:
    song = {"track": "t", "artist": "a", "score": 1.0, "hit": True}
    entry = {"title": "x", "seeds": [song] * 9, "recommended": [song, {}] * 9, "withheld": 40}
    found = examples.build(make(details={"examples": [entry] * 50}))["examples"]
    assert len(found) == examples.MAX_EXAMPLES
    assert (len(found[0].seeds), found[0].more_seeds) == (6, 3)
    assert found[0].outcome == "5 of the first 10 · 40 tracks were withheld"
    assert found[0].recommended[1] == examples.Song("unknown track", "")


def test_times_keep_their_order_and_share() -> None:
    metrics = {"seconds": {"B": 30.0, "A": 10.0, "bad": None}}
    found = run.build(make(metrics=metrics))
    assert [dataclasses.astuple(time) for time in found["times"]] == [
        ("B", "30 s", "75%", 100.0),
        ("A", "10 s", "25%", 33.3),
    ]
    assert found["total"] == "40 s"


def test_counts_are_a_line_a_stage_with_all_splits() -> None:
    def written(playlists: int, entries: int | None) -> dict[str, Any]:
        return {"written": {"playlists": playlists, "entries": entries}}

    aside = {
        "duplicate_pid": {"playlists": 1, "entries": 7},
        "missing_tracks": {"playlists": 2, "entries": 0},
        "episodes": {"playlists": 0, "entries": 3},
    }
    stages = [
        {"stage": "Ingest", "splits": {"all": {**written(1000, 5000), "left_out": aside}}},
        {"stage": "Holdout", "splits": {"train": written(900, 4500), "eval": written(100, 500)}},
        {"stage": "Evaluator", "splits": {"eval": {"read": {"playlists": 100, "entries": None}}}},
    ]
    built = data.build(make(metrics={"counts": stages}))
    assert built["counted_splits"] == ["all", "train", "eval"]
    assert [(row.stage, row.amounts) for row in built["counts"]] == [
        ("Ingest", ["1,000 / 5,000", "", ""]),
        ("Holdout", ["", "900 / 4,500", "100 / 500"]),
        ("Evaluator", ["", "", "100"]),
    ]
    assert built["counts"][0].left_out == (
        "all: 1 playlist / 7 entries duplicate pid; all: 2 playlists missing tracks; "
        "all: 3 entries episodes"
    )

import io
import json

import pandas as pd
import pytest
from rich.console import Console

from evaluation import render
from evaluation.compare import compare_rows, save
from evaluation.significance.result import ComparisonOptions
from schema.rows import holdout_hash

QUICK = ComparisonOptions(alternative="two-sided", resamples=999)


def shown(found):
    console = Console(file=io.StringIO(), width=160)
    console.print(render.comparison(found))
    return console.file.getvalue()


def test_two_models_of_one_run(make_rows):
    rows = make_rows({"als": (0.3, 0.02), "two_tower": (0.33, 0.02)})
    found = compare_rows(
        rows,
        rows,
        name_a="als",
        name_b="two_tower",
        model_a="als",
        model_b="two_tower",
        options=QUICK,
    )
    assert (found.shared, found.only_a, found.only_b) == (300, 0, 0)
    overall = {test.metric: test for test in found.tests if test.scenario is None}
    assert list(overall) == ["ndcg", "r_precision", "clicks", "recall@500", "hit_rate@10"]
    assert overall["ndcg"].significant
    assert overall["ndcg"].mean_difference > 0 > overall["clicks"].mean_difference
    assert len([test for test in found.tests if test.metric == "ndcg"]) == 11
    text = shown(found)
    assert "B, two_tower, against A, als" in text
    assert "clicks ↓" in text
    assert "title+rand100" in text


def test_two_runs_share_some_playlists(make_rows):
    a = make_rows({"two_tower": (0.3, 0.02)}, playlists=100)
    b = make_rows({"two_tower": (0.3, 0.02)}, playlists=120, seed=1)
    b["pid"] = b["pid"].str.encode("ascii")  # Examples have bytes
    b.loc[5, "scenario"] = "title"  # another question about the same playlist
    found = compare_rows(a, b, name_a="old", name_b="new", options=QUICK)
    assert (found.shared, found.only_a, found.only_b) == (99, 1, 21)
    assert "left out: 1 of old only, 21 of new" in shown(found)


def test_as_many_but_other_withheld_tracks_are_another_question(make_rows):
    a = make_rows({"two_tower": (0.3, 0.02)}, playlists=100)
    b = make_rows({"two_tower": (0.3, 0.02)}, playlists=100, seed=1)
    b.loc[[5, 7, 9], "holdout_hash"] = holdout_hash(["spotify:track:other"])
    found = compare_rows(a, b, name_a="old", name_b="new", options=QUICK)
    assert (found.shared, found.only_a, found.only_b) == (97, 3, 3)
    assert not {"5", "7", "9"} & set(found.rows["pid"])
    assert found.document.playlists.caution is None
    assert "97 playlists with the same withheld tracks" in shown(found)


def test_rows_that_do_not_tell_their_withheld_tracks_are_compared_with_a_caution(make_rows):
    new = make_rows({"two_tower": (0.3, 0.02)}, playlists=100)
    old = new.drop(columns="holdout_hash")
    old.loc[5, "num_holdouts"] = 21
    found = compare_rows(old, new, name_a="old", name_b="new", options=QUICK)
    assert (found.shared, found.only_a, found.only_b) == (99, 1, 1)
    caution = found.document.playlists.caution
    assert caution.startswith("paired by pid, scenario, num_holdouts only: the rows of old have no")
    text = shown(found)
    assert "99 playlists with as many withheld tracks" in text
    assert "Caution: paired by pid, scenario, num_holdouts only" in text


def test_a_hash_of_withheld_tracks_knows_no_order_and_no_kind_of_text():
    assert holdout_hash(["a", "bc"]) == holdout_hash([b"bc", b"a", b"a"])
    questions = [["a", "bc"], ["ab", "c"], ["a", "b", "c"], ["abc"], ["a"], []]
    assert len({holdout_hash(uris) for uris in questions}) == 6
    # sha256 of "1:a2:bc"
    assert holdout_hash(["bc", "a"]) == "5310a58788781ab2"


def test_what_cannot_be_compared(make_rows):
    rows = make_rows({"a": (0.3, 0.02), "b": (0.3, 0.02)}, playlists=10)
    with pytest.raises(ValueError, match="A has several models, name one of: a, b"):
        compare_rows(rows, rows)
    with pytest.raises(ValueError, match="A has no model 'c'; it has: a, b"):
        compare_rows(rows, rows, model_a="c", model_b="b")
    with pytest.raises(ValueError, match="different names"):
        compare_rows(rows, rows, name_a="x", name_b="x")
    with pytest.raises(ValueError, match="A has no playlist that was evaluated"):
        compare_rows(rows[:0], rows)
    other = rows.assign(pid="other" + rows["pid"])
    with pytest.raises(ValueError, match="no playlist with the same withheld tracks"):
        compare_rows(rows, other, model_a="a", model_b="b")


def test_a_comparison_can_be_kept(make_rows, tmp_path):
    rows = make_rows({"a": (0.3, 0.02), "b": (0.31, 0.02)}, playlists=20)
    found = compare_rows(rows, rows, model_a="a", model_b="b", options=QUICK)
    save(found, tmp_path / "new")
    kept = json.loads((tmp_path / "new/metrics.json").read_text())
    assert set(kept["models"]) == {"A", "B"}
    assert kept["playlists"] == {
        "shared": 20,
        "only_a": 0,
        "only_b": 0,
        "unjudged": 0,
        "unanswered": 0,
        "caution": None,
    }
    assert len(pd.read_parquet(tmp_path / "new/per_playlist.parquet")) == 40

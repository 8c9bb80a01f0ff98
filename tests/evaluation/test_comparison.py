import gzip
import io
import json

import pandas as pd
import pytest
from rich.console import Console

from evaluation import render
from evaluation.compare import compare_rows, compare_submissions, save
from evaluation.significance.result import Options
from evaluation.submission import SubmissionError, read_holdouts, read_submission, score
from schema.rows import holdout_hash
from tests.evaluation.reference_scorer import score_playlist

QUICK = Options(alternative="two-sided", resamples=999)


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
    other = rows.assign(pid="other" + rows["pid"])
    with pytest.raises(ValueError, match="no playlist with the same withheld tracks"):
        compare_rows(rows, other, model_a="a", model_b="b")


def test_a_comparison_can_be_kept(make_rows, tmp_path):
    rows = make_rows({"a": (0.3, 0.02), "b": (0.31, 0.02)}, playlists=20)
    found = compare_rows(rows, rows, model_a="a", model_b="b", options=QUICK)
    save(found, tmp_path / "new")
    kept = json.loads((tmp_path / "new/metrics.json").read_text())
    assert set(kept["models"]) == {"A", "B"}
    assert kept["playlists"] == {"shared": 20, "only_a": 0, "only_b": 0, "caution": None}
    assert len(pd.read_parquet(tmp_path / "new/per_playlist.parquet")) == 40


@pytest.fixture
def files(tmp_path):
    holdouts = {
        "1": {"scenario": "title", "holdouts": ["a", "b"]},
        "2": {"scenario": "first5", "holdouts": ["c"]},
        "3": {"scenario": "first5", "holdouts": ["d"]},
    }
    with gzip.open(tmp_path / "holdouts.json.gz", "wt") as handle:
        json.dump(holdouts, handle)
    (tmp_path / "one.csv").write_text(
        "team_info,main,team,mail\n# comment\n\n1, x, a, b\n2, c\n9, y\n"
    )
    (tmp_path / "two.csv").write_text("1, a, b\n2, x, c\n3, d\n")
    return tmp_path


def test_submissions_by_hand(files):
    rows = score(
        read_submission(files / "one.csv"), read_holdouts(files / "holdouts.json.gz"), "one"
    )
    assert rows["pid"].tolist() == ["1", "2", "3"]  # 9 was not asked for
    assert rows["r_precision"].tolist() == [0.5, 1, 0]  # 3 is missing and counts as nothing
    assert rows["clicks"].tolist() == [0, 0, 51]
    assert rows["num_holdouts"].tolist() == [2, 1, 1]
    assert rows["holdout_hash"].tolist() == [holdout_hash(uris) for uris in ("ba", "c", "d")]


def test_a_submission_is_scored_as_the_reference_scorer_does(files):
    recommended = read_submission(files / "one.csv")
    assert recommended == {"1": ["x", "a", "b"], "2": ["c"], "9": ["y"]}
    holdouts = read_holdouts(files / "holdouts.json.gz")
    rows = score(recommended, holdouts, "one").set_index("pid")
    for pid, row in holdouts.items():
        for name, value in score_playlist(recommended.get(pid, []), row["holdouts"]).items():
            assert rows.loc[pid, name] == pytest.approx(value, abs=1e-9)


def test_two_submissions(files):
    found = compare_submissions(
        files / "one.csv", files / "two.csv", files / "holdouts.json.gz", options=QUICK
    )
    assert (found.a, found.b, found.shared) == ("one.csv", "two.csv", 3)
    overall = {test.metric: test for test in found.tests if test.scenario is None}
    # R-precision: 0.5 → 1, 1 → 0, 0 → 1.
    assert overall["r_precision"].mean_difference == pytest.approx(0.5 / 3)
    same = compare_submissions(
        files / "one.csv", files / "one.csv", files / "holdouts.json.gz", options=QUICK
    )
    assert (same.a, same.b) == ("A: one.csv", "B: one.csv")
    assert not any(test.significant for test in same.tests)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1, a, a\n", "bad.csv:1: a track is recommended twice"),
        ("1, a\n1, b\n", "bad.csv:2: playlist 1 occurs twice"),
        ("1," + ",".join(f"t{i}" for i in range(501)), "501 recommendations, at most 500"),
    ],
)
def test_bad_submissions_name_line_and_cause(tmp_path, text, message):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(SubmissionError, match=message):
        read_submission(tmp_path / "bad.csv")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SubmissionError, match="cannot be read"):
        read_submission(tmp_path / "none.csv")
    (tmp_path / "bad.csv.gz").write_text("no gzip")
    with pytest.raises(SubmissionError, match="cannot be read"):
        read_submission(tmp_path / "bad.csv.gz")
    for text, message in [
        ("{", "as JSON"),
        ("[]", "must map pids"),
        ('{"1": {"holdouts": "a"}}', "playlist 1 has no list"),
    ]:
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(SubmissionError, match=message):
            read_holdouts(tmp_path / "bad.json")

"""Submissions on withheld tracks: by hand, and against the reference scorer."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
from typing import Any

import pytest
from rich.console import Console

from evaluation import render
from evaluation.compare import compare_submissions
from evaluation.significance.result import ComparisonOptions
from evaluation.submission import SubmissionError, read_holdouts, read_submission, score
from schema.rows import holdout_hash
from tests.evaluation.reference_scorer import score_playlist

QUICK = ComparisonOptions(alternative="two-sided", resamples=999)
HOLDOUTS = {
    "1": {"scenario": "title", "holdouts": ["a", "b"]},
    "2": {"scenario": "first5", "holdouts": ["c"], "more": 1},
    "3": {"scenario": "first5", "holdouts": ["d"]},
    "4": {"holdouts": ["e"]},
}


@pytest.fixture
def files(tmp_path: pathlib.Path) -> pathlib.Path:
    with gzip.open(tmp_path / "holdouts.json.gz", "wt") as handle:
        json.dump(HOLDOUTS, handle)
    (tmp_path / "one.csv").write_text("1, x, a, b\n2, c\n9, y\n8\n")
    (tmp_path / "two.csv").write_text("1, a, b\n2, x, c\n3, d\n")
    (tmp_path / "foreign.csv").write_text("5, a\n6, b\n")
    return tmp_path


def compare(files: pathlib.Path, one: str, two: str) -> Any:
    return compare_submissions(files / one, files / two, files / "holdouts.json.gz", options=QUICK)


def test_submissions_by_hand(files: pathlib.Path) -> None:
    rows = score(
        read_submission(files / "two.csv"), read_holdouts(files / "holdouts.json.gz"), "two"
    )
    assert rows["pid"].tolist() == ["1", "2", "3"]  # it does not answer 4
    assert rows["r_precision"].tolist() == [1, 0, 1]
    assert rows["clicks"].tolist() == [0, 0, 0]
    assert rows["num_holdouts"].tolist() == [2, 1, 1]
    assert rows["scenario"].tolist() == ["title", "first5", "first5"]
    assert rows["holdout_hash"].tolist() == [holdout_hash(uris) for uris in ("ba", "c", "d")]


def test_a_submission_is_scored_as_the_reference_scorer_does(files: pathlib.Path) -> None:
    recommended = read_submission(files / "one.csv")
    assert recommended == {"1": ["x", "a", "b"], "2": ["c"], "9": ["y"], "8": []}
    holdouts = read_holdouts(files / "holdouts.json.gz")
    rows = score(recommended, holdouts, "one").set_index("pid")
    assert list(rows.index) == ["1", "2"]
    for pid in rows.index:
        for name, value in score_playlist(recommended[pid], holdouts[pid].holdouts).items():
            assert rows.loc[pid, name] == pytest.approx(value, abs=1e-9)


def test_withheld_tracks_may_be_links(tmp_path: pathlib.Path) -> None:
    track = "0" * 22
    link = f"https://open.spotify.com/track/{track}?si=x"
    (tmp_path / "h.json").write_text(json.dumps({"1": {"holdouts": [link]}}))
    rows = score({"1": [f"spotify:track:{track}"]}, read_holdouts(tmp_path / "h.json"), "a")
    assert rows["r_precision"].tolist() == [1]


def test_what_only_one_answers_is_left_out_and_told(files: pathlib.Path) -> None:
    found = compare(files, "one.csv", "two.csv")
    # 3 is two.csv's only; 4 neither answers; of 8 and 9 no withheld track is known.
    assert (found.shared, found.only_a, found.only_b) == (2, 0, 1)
    assert (found.unanswered, found.unjudged) == (1, 2)
    assert found.document.playlists.unjudged == 2
    overall = {test.metric: test for test in found.tests if test.scenario is None}
    # R-precision: 0.5 → 1, 1 → 0.
    assert overall["r_precision"].mean_difference == pytest.approx(-0.25)
    console = Console(file=io.StringIO(), width=160)
    console.print(render.comparison(found))
    assert (
        "2 playlists with the same withheld tracks; left out: 1 of two.csv only, "
        "1 that neither answers, 2 without withheld tracks"
    ) in console.file.getvalue()


def test_a_submission_against_itself(files: pathlib.Path) -> None:
    same = compare(files, "one.csv", "one.csv")
    assert (same.a, same.b) == ("A: one.csv", "B: one.csv")
    assert not any(test.significant for test in same.tests)


def test_equal_names_are_told_apart(files: pathlib.Path) -> None:
    found = compare_submissions(
        files / "one.csv",
        files / "two.csv",
        files / "holdouts.json.gz",
        name_a="mine",
        name_b="".join(["mi", "ne"]),  # equal, and another object
        options=QUICK,
    )
    assert (found.a, found.b) == ("A: mine", "B: mine")


def test_a_submission_for_other_playlists_is_refused(files: pathlib.Path) -> None:
    for pair in (("one.csv", "foreign.csv"), ("foreign.csv", "one.csv")):
        with pytest.raises(
            SubmissionError, match=r"none of the 2 playlists of foreign.csv has withheld tracks"
        ):
            compare(files, *pair)
    (files / "three.csv").write_text("3, d\n")
    with pytest.raises(ValueError, match=r"one.csv and three.csv have no playlist with the same"):
        compare(files, "one.csv", "three.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("1, a\n", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "Input should be a valid dictionary; expected"),
        ("{}", "holds no playlist; expected"),
        ('{"1": ["a"]}', "playlist 1: Input should be"),
        ('{"1": {"holdouts": "a"}}', "playlist 1.holdouts: Input should be a valid list"),
        ('{"1": {"holdouts": []}}', "playlist 1.holdouts: List should have at least 1 item"),
        ('{"1": {"holdouts": [1]}}', "playlist 1.holdouts.0: Input should be a valid string"),
        (
            '{"1": {"holdouts": ["a"]}, "1": {"holdouts": ["b"]}}',
            "the key '1' stands twice, in line 1, columns 2 and 28",
        ),
        ('{"playlists": []}', "playlist playlists: Input should be"),
    ],
)
def test_withheld_tracks_that_cannot_be_used(
    tmp_path: pathlib.Path, text: str, message: str
) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(SubmissionError, match=message) as caught:
        read_holdouts(tmp_path / "bad.json")
    assert str(caught.value).startswith(f"{tmp_path / 'bad.json'}: ")
    assert '{"PID": {"scenario": NAME, "holdouts": [TRACK_URI, ...]}, ...}' in str(caught.value)


def test_withheld_tracks_in_utf_16_and_in_another_encoding(tmp_path: pathlib.Path) -> None:
    text = '{"1": {"scenario": "Grüße", "holdouts": ["a"]}}'
    (tmp_path / "h.json").write_bytes(text.encode("utf-16"))
    assert read_holdouts(tmp_path / "h.json")["1"].scenario == "Grüße"
    (tmp_path / "h.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SubmissionError, match=r"h.json: cannot be read: it is no text in UTF-8"):
        read_holdouts(tmp_path / "h.json")


def test_a_missing_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SubmissionError, match=r"none.json: cannot be read: No such file"):
        read_holdouts(tmp_path / "none.json")

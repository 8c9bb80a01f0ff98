from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from report import loading, rows
from schema.documents import RunMetrics
from schema.rows import KEYS


def summary(**means: float) -> dict:
    return {name: {"mean": mean, "ci_low": None, "ci_high": None} for name, mean in means.items()}


def write(directory: Path, name: str, content: object) -> None:
    (directory / name).write_text(json.dumps(content), encoding="utf-8")


def test_an_empty_directory_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(loading.ReportError, match=r"nothing to report on in .*metrics\.json"):
        loading.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"models": ', "metrics.json is not valid JSON"),
        (b"\xff\xfe", "metrics.json is not valid JSON"),
        (b"[1, 2]", "metrics.json does not hold a JSON object"),
        (b"[" * 100_000, "metrics.json is not valid JSON"),
    ],
)
def test_what_cannot_be_read_becomes_a_note(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "metrics.json").write_bytes(content)
    (tmp_path / "per_playlist.parquet").write_bytes(b"not parquet")
    results = loading.load(tmp_path)
    assert results.metrics == RunMetrics()
    assert results.rows.empty
    assert results.models == []
    assert results.notes[0].startswith(message)
    assert "per_playlist.parquet cannot be read" in results.notes[1]
    assert "details.json is missing" in results.notes[2]


def test_rows_without_their_key_columns_become_a_note(tmp_path: Path) -> None:
    pd.DataFrame({"model": ["a"], "ndcg": [0.1]}).to_parquet(tmp_path / "per_playlist.parquet")
    results = loading.load(tmp_path)
    assert results.rows.empty
    assert any("has no column split, pid and scenario" in note for note in results.notes)


def test_rows_are_cleaned(tmp_path: Path) -> None:
    content = {
        "model": ["a", "a", "b"],
        "split": ["eval"] * 3,
        "pid": [b"7", b"7", b"7"],  # bytes as C4 has them; the second row is a duplicate
        "scenario": ["title"] * 3,
        "num_seeds": [0, 0, 0],
        "ndcg": [0.5, 0.9, float("inf")],
    }
    pd.DataFrame(content).to_parquet(tmp_path / "per_playlist.parquet")
    frame = loading.load(tmp_path).rows
    assert frame["pid"].tolist() == ["7", "7"]
    assert frame["ndcg"].tolist()[0] == 0.5
    assert frame["ndcg"].isna().tolist() == [False, True]
    wide = rows.paired(frame, "ndcg")
    assert wide.columns.tolist() == ["a"]


def test_of_many_playlists_the_same_part_is_kept_for_every_model(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 300 playlists in each of two splits, by 5 models: 3,000 rows, of which a third is kept.
    monkeypatch.setattr(rows, "MAX_ROWS", 1000)
    results = loading.load(run_dir)
    assert results.notes == ("Figures drawn from playlists show 33% of them, chosen by hash.",)
    by_model = results.rows.groupby("model")["pid"].agg(frozenset)
    assert len(set(by_model)) == 1
    assert 100 < len(by_model.iloc[0]) < 300


def test_a_file_without_rows_is_as_good_as_none(tmp_path: Path) -> None:
    empty = pd.DataFrame({key: pd.Series(dtype=str) for key in (*KEYS, "ndcg")})
    empty.to_parquet(tmp_path / "per_playlist.parquet")
    results = loading.load(tmp_path)
    assert results.models == []
    assert results.deciding.empty


def test_models_come_candidate_first_then_best_first(tmp_path: Path) -> None:
    models = {
        "popularity": {"overall": summary(ndcg=0.05)},
        "als": {"overall": summary(ndcg=0.25)},
        "two_tower": {"overall": summary(ndcg=0.2)},
        "broken": {"overall": {"ndcg": {"mean": None}}},
    }
    write(tmp_path, "metrics.json", {"models": models})
    write(tmp_path, "details.json", {"run": {"candidate": "two_tower"}})
    results = loading.load(tmp_path)
    assert results.models == ["two_tower", "als", "popularity", "broken"]
    assert results.rivals() == ["als", "popularity", "broken"]
    assert results.mean("broken", "ndcg") is None
    assert results.mean("absent", "ndcg") is None


def test_the_candidate_is_found_without_details(tmp_path: Path) -> None:
    models = {"als": {"overall": summary(ndcg=0.25)}, "tower": {"overall": summary(ndcg=0.2)}}
    write(tmp_path, "metrics.json", {"models": models, "tests": [{"candidate": "tower"}]})
    assert loading.load(tmp_path).candidate == "tower"
    write(tmp_path, "metrics.json", {"models": models})
    assert loading.load(tmp_path).candidate == "als"


def test_the_gates_metric_leads_where_it_was_measured(tmp_path: Path) -> None:
    models = {"a": {"overall": summary(clicks=3.0, ndcg=0.2)}}
    write(tmp_path, "metrics.json", {"models": models})
    write(tmp_path, "details.json", {"gate": {"metric": "clicks"}})
    assert loading.load(tmp_path).headline == "clicks"
    write(tmp_path, "details.json", {"gate": {"metric": "recall@10"}})
    assert loading.load(tmp_path).headline == "ndcg"


def test_scenarios_are_in_the_challenges_order(results: loading.RunResults) -> None:
    assert results.scenarios == [
        "title",
        "title+first1",
        "title+first5",
        "first5",
        "title+first10",
        "first10",
        "title+first25",
        "title+rand25",
        "title+first100",
        "title+rand100",
    ]


def test_the_deciding_split_is_eval_where_there_is_one(results: loading.RunResults) -> None:
    assert results.split == "eval"
    assert set(results.deciding["split"]) == {"eval"}

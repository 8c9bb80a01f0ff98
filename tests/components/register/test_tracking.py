"""What is kept of a run, from the documents of its report."""

from __future__ import annotations

import pathlib

import pytest

from components.register.tracking import flat, tracked
from schema.documents import (
    Blessing,
    DataSummary,
    Estimate,
    ModelSummary,
    RunDetails,
    RunInfo,
    RunMetrics,
    Trial,
)
from schema.registry import TAGS, Lineage


def test_names_of_the_configuration() -> None:
    config = {
        "name": "segue",
        "span": None,
        "gate": {"alpha": 0.05, "better_than": ["popularity"], "none": {}},
    }
    assert flat(config) == {
        "name": "segue",
        "span": "null",
        "gate.alpha": "0.05",
        "gate.better_than": '["popularity"]',
        "gate.none": "{}",
    }


@pytest.fixture
def report(tmp_path: pathlib.Path) -> pathlib.Path:
    summary = ModelSummary(
        overall={"recall@500": Estimate(mean=0.5, ci_low=0.4, ci_high=0.6)},
        scenarios={"title only": {"ndcg": Estimate(mean=0.1)}},
        fit_seconds=2.5,
    )
    metrics = RunMetrics(
        data=DataSummary(playlists={"train": 800}, tracks=400),
        models={"als": summary},
        test_models={"als": ModelSummary(overall={"ndcg": Estimate(mean=0.2)})},
        blessing=Blessing(blessed=False, reasons=["not better than popularity", "too slow"]),
        seconds={"Trainer.als": 3.0},
    )
    details = RunDetails(
        run=RunInfo(started="2017-11-14T03:00:00+00:00", config={"seed": 17}),
        tuning={"als": [Trial(trial=1, ndcg=0.3, values={"factors": 96})]},
    )
    (tmp_path / "metrics.json").write_text(metrics.to_json())
    (tmp_path / "details.json").write_text(details.to_json())
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "per_playlist.parquet").write_text("rows of people")
    return tmp_path


def test_a_refused_run(report: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_COMMIT", "ab12")
    run = tracked(str(report), "segue-new_users", Lineage(run="r1", data_fingerprint="cd"))
    assert (run.experiment, run.key) == ("segue-new_users", "r1")
    assert run.parameters == {"seed": "17"}
    assert run.metrics == {
        "recall@500": 0.5,
        "als/recall@500": 0.5,
        "als/recall@500/ci_low": 0.4,
        "als/recall@500/ci_high": 0.6,
        "als/title only/ndcg": 0.1,
        "als/fit_seconds": 2.5,
        "test/als/ndcg": 0.2,
        "test/als/ndcg/ci_low": None,
        "test/als/ndcg/ci_high": None,
        "test/als/fit_seconds": None,
        "data/playlists/train": 800.0,
        "data/tracks": 400.0,
        "seconds/Trainer.als": 3.0,
    }
    assert run.tags.pop(TAGS["configuration"])
    assert run.tags == {
        "tfx.run_id": "r1",
        "data.fingerprint": "cd",
        "git.sha": "ab12",
        "gate": "refused",
        "gate.reasons": "not better than popularity; too slow",
        "push": "nothing was pushed",
        "run.started": "2017-11-14T03:00:00+00:00",
    }
    (trial,) = run.trials
    assert trial.name == "als/1"
    assert trial.parameters == {"family": "als", "factors": "96"}
    assert trial.metrics == {"ndcg": 0.3}
    names = {pathlib.Path(path).name for path in run.files}
    assert names == {"metrics.json", "details.json", "index.html"}

"""What every adapter that keeps account of runs does."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import urllib.parse
import uuid

import pytest

from schema.tracking import TrackedRun, TrackedTrial
from serving.registry import (
    RegistryError,
    RegistryUnavailableError,
    Tracker,
    keep_run,
    make_up_runs,
    open_tracker,
    waiting_runs,
)
from tests.serving.registry.opening import KINDS, Place, place

pytest.importorskip("mlflow")
from mlflow import MlflowClient
from mlflow.entities import Run


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    return place(str(request.param), request, tmp_path)


def tracker(there: Place, uri: str = "") -> Tracker:
    return open_tracker(uri or there.uri, timeout=30)


def run(there: Place, key: str = "20171114-030000/7", **fields: object) -> TrackedRun:
    """A run with its report."""
    report = there.folder / "tracked-report"
    report.mkdir(exist_ok=True)
    (report / "index.html").write_text(f"<p>{key}")
    (report / "metrics.json").write_text("{}")
    given = TrackedRun(
        experiment=there.model,
        key=key,
        parameters={"candidate": "als", "seed": "17", "models.als.factors": "64"},
        metrics={"ndcg": 0.25, "als/recall@500": 0.5, "als/title+first1/clicks": None},
        tags={"gate": "refused", "gate.reasons": "not better than popularity", "git.sha": "ab12"},
        files=[str(report / "index.html"), str(report / "metrics.json")],
        trials=[
            TrackedTrial(name="als/0", parameters={"factors": "64"}, metrics={"ndcg": 0.2}),
            TrackedTrial(name="als/1", parameters={"factors": "96"}, metrics={"ndcg": 0.3}),
        ],
    )
    return given.model_copy(update=fields)


@dataclasses.dataclass
class Kept:
    """A run as somebody else than Segue finds it."""

    parameters: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str]
    trials: dict[str, tuple[dict[str, str], dict[str, float]]]


def kept(there: Place) -> dict[str, Kept]:
    """All runs by their key."""
    if there.uri.startswith("mlflow+"):
        return _at_mlflow(there)
    found = {}
    for path in pathlib.Path(there.uri, there.model, "runs").glob("*/run.json"):
        fields = json.loads(path.read_text())
        assert urllib.parse.unquote(path.parent.name) == fields["key"]
        found[fields["key"]] = Kept(
            fields["parameters"],
            _valued(fields["metrics"]),
            fields["tags"],
            {name: (path.parent / name).read_text() for name in fields["files"]},
            {
                each["name"]: (each["parameters"], _valued(each["metrics"]))
                for each in fields["trials"]
            },
        )
    return found


def _valued(metrics: dict[str, float | None]) -> dict[str, float]:
    named = {name.replace("@", "_at_"): value for name, value in metrics.items()}
    return {name: value for name, value in named.items() if value is not None}


def _at_mlflow(there: Place) -> dict[str, Kept]:
    address = there.uri.removeprefix("mlflow+")
    client = MlflowClient(address, address)
    experiment = client.get_experiment_by_name(there.model)
    if experiment is None:
        return {}
    runs = list(client.search_runs([experiment.experiment_id]))
    assert {each.info.status for each in runs} <= {"FINISHED"}
    parents = [each for each in runs if "mlflow.parentRunId" not in each.data.tags]
    return {each.info.run_name: _one(client, there, each, runs) for each in parents}


def _one(client: MlflowClient, there: Place, each: Run, runs: list[Run]) -> Kept:
    run_id = each.info.run_id
    folder = there.folder / uuid.uuid4().hex
    folder.mkdir()
    report = client.download_artifacts(run_id, "report", str(folder))
    tags = {name: value for name, value in each.data.tags.items() if not name.startswith("mlflow.")}
    tags.pop("segue.run")
    return Kept(
        each.data.params,
        each.data.metrics,
        tags,
        {path.name: path.read_text() for path in pathlib.Path(report).iterdir()},
        {
            trial.info.run_name: (trial.data.params, trial.data.metrics)
            for trial in runs
            if trial.data.tags.get("mlflow.parentRunId") == run_id
        },
    )


EXPECTED = Kept(
    {"candidate": "als", "seed": "17", "models.als.factors": "64"},
    {"ndcg": 0.25, "als/recall_at_500": 0.5},
    {"gate": "refused", "gate.reasons": "not better than popularity", "git.sha": "ab12"},
    {"index.html": "<p>20171114-030000/7", "metrics.json": "{}"},
    {"als/0": ({"factors": "64"}, {"ndcg": 0.2}), "als/1": ({"factors": "96"}, {"ndcg": 0.3})},
)


def test_a_run_is_kept_with_its_trials_and_report(there: Place) -> None:
    tracker(there).track(run(there))
    assert kept(there) == {"20171114-030000/7": EXPECTED}


def test_the_same_run_again_changes_nothing(there: Place) -> None:
    for _ in range(2):
        tracker(there).track(run(there))
    assert kept(there) == {"20171114-030000/7": EXPECTED}


def test_runs_lie_side_by_side(there: Place) -> None:
    for key in ("a", "b"):
        tracker(there).track(run(there, key, trials=[]))
    assert {key: each.files["index.html"] for key, each in kept(there).items()} == {
        "a": "<p>a",
        "b": "<p>b",
    }


def test_a_search_and_a_configuration_may_be_large(there: Place) -> None:
    parameters = {f"name.{number}": str(number) for number in range(250)}
    tracker(there).track(run(there, parameters=parameters))
    assert kept(there)["20171114-030000/7"].parameters == parameters


def test_names_and_values_that_mlflow_would_not_take(there: Place) -> None:
    given = run(
        there,
        parameters={"empty": "", "odd+name": "1", "long": "x" * 7000},
        metrics={"als/title+first1/recall@500": 0.5},
        tags={"gate.reasons": "y" * 9000},
    )
    tracker(there).track(given)
    (found,) = kept(there).values()
    assert found.parameters["empty"] == ""
    assert {"x"} == set(found.parameters["long"])
    assert set(found.tags["gate.reasons"]) == {"y"}
    (name,) = found.metrics
    assert name in ("als/title+first1/recall_at_500", "als/title_first1/recall_at_500")


def test_a_file_that_is_gone_is_told_of(there: Place) -> None:
    gone = run(there, files=[str(there.folder / "gone.html")])
    with pytest.raises(RegistryError, match="gone"):
        tracker(there).track(gone)


def test_the_run_of_a_registered_version_is_the_tracked_one(there: Place) -> None:
    """At MLflow a version leads to the run with all that is known of it."""
    with there.open() as registry:
        tracker(there).track(run(there))
        registry.register(there.registration(7))
    (found,) = kept(there).values()
    assert found.parameters == EXPECTED.parameters
    assert found.trials == EXPECTED.trials


def test_runs_wait_for_one_that_is_down(there: Place, tmp_path: pathlib.Path) -> None:
    place_ = str(tmp_path / "waiting")
    given = run(there)
    (tmp_path / "file").write_text("no directory")
    down = "mlflow+http://127.0.0.1:1" if "://" in there.uri else str(tmp_path / "file")
    with pytest.raises(RegistryUnavailableError):
        tracker(there, down).track(given)
    keep_run(place_, given)
    for path in given.files:
        pathlib.Path(path).unlink()
    assert len(waiting_runs(place_, there.model)) == 1
    assert waiting_runs(place_, "segue") == []
    with pytest.raises(RegistryUnavailableError):
        make_up_runs(place_, there.model, tracker(there, down))
    assert make_up_runs(place_, there.model, tracker(there)) == [("20171114-030000/7", "")]
    assert kept(there) == {"20171114-030000/7": EXPECTED}
    assert make_up_runs(place_, there.model, tracker(there)) == []


def test_what_cannot_be_read_goes_on_waiting(there: Place, tmp_path: pathlib.Path) -> None:
    place_ = str(tmp_path / "waiting")
    pathlib.Path(keep_run(place_, run(there)), "tracked.json").write_text("{")
    ((key, problem),) = make_up_runs(place_, there.model, tracker(there))
    assert key == "20171114-030000/7"
    assert problem
    assert len(waiting_runs(place_, there.model)) == 1

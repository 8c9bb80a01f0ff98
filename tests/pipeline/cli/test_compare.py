"""`segue compare`: what each argument is, and what was left out, is told."""

from __future__ import annotations

import json
import pathlib

import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app

URIS = [f"spotify:track:{number:022d}" for number in range(12)]


@pytest.fixture(autouse=True)
def files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Submissions, withheld tracks, a run, a model and a directory of nothing."""
    monkeypatch.chdir(tmp_path)
    withheld = {str(pid): {"holdouts": URIS[2:5]} for pid in range(12)}
    pathlib.Path("h.json").write_text(json.dumps(withheld))
    for name, pids in (("a", range(12)), ("half", range(6)), ("other", range(50, 62))):
        rows = [f"{pid}, {', '.join(URIS[pid % 3 :])}\n" for pid in pids]
        pathlib.Path(f"{name}.csv").write_text("team_info,us,a@b.c\n" + "".join(rows))
    pathlib.Path("empty.csv").touch()
    for folder in ("run/report", "base/3", "nothing"):
        pathlib.Path(folder).mkdir(parents=True)
    pathlib.Path("base/3/saved_model.pb").touch()
    return tmp_path


def test_half_of_the_playlists_are_compared_and_told() -> None:
    arguments = ["compare", "a.csv", "half.csv", "--holdouts", "h.json", "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["playlists"] == {
        "shared": 6,
        "only_a": 6,
        "only_b": 0,
        "unjudged": 0,
        "unanswered": 0,
        "caution": None,
    }
    # They answer alike: what half.csv lacks does not count against it.
    assert {test["mean_difference"] for test in found["tests"]} == {0.0}
    assert "left out: 6 of a.csv only" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a.csv", "half.csv"], "--holdouts is needed"),
        (["a.csv", "other.csv", "--holdouts", "h.json"], "none of the 12 playlists of other.csv"),
        (["a.csv", "empty.csv", "--holdouts", "h.json"], "empty.csv: holds no playlist"),
        (["a.csv", "h.json", "--holdouts", "h.json"], "is no playlist's number"),
        (["a.csv", "half.csv", "--holdouts", "a.csv"], "a.csv: cannot be read as JSON"),
        (["a.csv", "half.csv", "--holdouts", "no.json"], "no.json: cannot be read: No such file"),
        (["a.csv", "nowhere"], "nowhere: there is no such file or directory"),
        (["nothing", "a.csv"], "nothing is neither a run, which has a report, nor a model"),
        (["run", "a.csv"], "run is a run and the other a submission: compare two runs, or"),
        (["base", "run"], "run is a run and the other a model: compare two runs, or"),
        (["base", "a.csv", "--holdouts", "h.json"], "base is a model: --challenge names what"),
        (["run", "run", "--holdouts", "h.json"], "--holdouts: of no use where a run is compared"),
        (["a.csv", "half.csv", "--model-a", "als", "--split", "test"], "--model-a, --split: of no"),
        (["a.csv", "half.csv", "--challenge", "c.json"], "--challenge: of no use"),
    ],
)
def test_what_cannot_be_compared_is_named(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(app, ["compare", *arguments])
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())


def test_a_place_for_the_report_is_looked_at_first() -> None:
    arguments = ["compare", "a.csv", "half.csv", "--holdouts", "h.json", "--report", "a.csv"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "a.csv/metrics.json: Not a directory" in " ".join(done.output.split())
    assert "withheld" not in done.output

"""`--json`: whatever becomes of a command, its last line says it."""

import json
import subprocess
import sys

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import app
from schema.documents import Blessing, Estimate, ModelSummary, RunMetrics
from schema.status import STATUSES, RunStatus, StatusLine

runner = CliRunner()
UNENDING = {"serve", "gateway", "demo"}


def leaves(command, name=""):
    if not hasattr(command, "commands") or (name and command.invoke_without_command):
        yield name, command
    for each in getattr(command, "commands", {}).values():
        yield from leaves(each, f"{name} {each.name}".strip())


def status(*arguments, code=0):
    """The status that a command leaves, which is all of its standard output."""
    done = runner.invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    assert done.stdout.count("\n") == 1
    assert done.stdout.endswith("}\n")
    return StatusLine.model_validate_json(done.stdout).root


@pytest.fixture
def run_ends(monkeypatch):
    """Lets `segue run` end with metrics or with an error, without the run."""

    def ends(result):
        from pipeline.runners import local

        def run(config):
            typer.echo("console")
            if isinstance(result, BaseException):
                raise result
            return local.RunResult(metrics=result, report=f"{config.out}/report/index.html")

        monkeypatch.setattr(local, "run", run)

    return ends


def test_every_command_that_ends_has_a_status():
    found = dict(leaves(get_command(app)))
    assert found.keys() - UNENDING == STATUSES.keys()
    for name, command in found.items():
        options = {option for param in command.params for option in param.opts}
        assert ("--json" in options) == (name not in UNENDING), name


@pytest.mark.parametrize("blessed", [True, False])
def test_a_run_says_what_became_of_the_candidate(run_ends, blessed):
    overall = {"ndcg": Estimate(mean=0.25, ci_low=0.2, ci_high=0.3)}
    run_ends(
        RunMetrics(
            models={"als": ModelSummary(overall=overall), "popularity": ModelSummary()},
            blessing=Blessing(blessed=blessed, reasons=["a reason"]),
            pushed_version="17" if blessed else None,
        )
    )
    found = status("run", "--data", "x", "--out", "somewhere", "--set", "candidate=als")
    assert found == RunStatus(
        status="blessed" if blessed else "refused",
        out="somewhere",
        candidate="als",
        reasons=["a reason"],
        pushed_version="17" if blessed else None,
        report="somewhere/report/index.html",
        metrics=overall,
    )


def test_a_run_that_fails_says_where(run_ends):
    from pipeline.runners.local import RunFailedError

    run_ends(RunFailedError("Trainer.als failed: no memory"))
    found = status("run", "--data", "x", code=1)
    assert (found.status, found.error) == ("failed", "Trainer.als failed: no memory")
    assert (found.pushed_version, found.metrics) == (None, {})


def test_what_nobody_expected_is_a_status_too(run_ends):
    run_ends(ZeroDivisionError("division by zero"))
    done = runner.invoke(app, ["run", "--data", "x", "--json"])
    assert isinstance(done.exception, ZeroDivisionError)
    found = StatusLine.model_validate_json(done.stdout).root
    assert (found.status, found.error) == ("failed", "ZeroDivisionError: division by zero")


def test_an_interrupted_run_says_so(run_ends):
    run_ends(KeyboardInterrupt())
    assert status("run", "--data", "x", code=1).error == "Interrupted."


def test_the_rest_goes_to_standard_error(run_ends):
    run_ends(RunMetrics())
    arguments = ["run", "--data", "x"]
    assert runner.invoke(app, arguments).stdout == "console\n"
    done = runner.invoke(app, [*arguments, "--json"])
    assert done.stderr == "console\n"
    assert json.loads(done.stdout)["status"] == "refused"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["sample", "--playlists", "0"], "--playlists"),
        (["sample", "--seed", "many"], "--seed"),
        (["ingest", "--input", "x"], "--output"),
        (["run", "--data", "x", "--set", "sede=1"], "Did you mean seed?"),
        (["run"], "--data"),
        (["recommend", "--model", "x"], "--challenge"),
        (["report", "--nothing"], "--nothing"),
        (["config", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["compare", "a.csv", "b.csv"], "a.csv: there is no such file"),
        (["query", "--track", "not a track"], "not a track"),
        (["query", "--format", "xml"], "table, json or csv"),
        (["release", "promote", "first"], "version"),
        (["release", "promote", "--canary", "--model-base", "a/b/c"], "name the version"),
        (["release", "rollback", "--model-config-file", "nowhere/models.config"], "nothing is"),
        (["release", "status", "--tls-ca", "nowhere.pem"], "nowhere.pem"),
    ],
)
def test_bad_usage_is_invalid(arguments, error):
    found = status(*arguments, code=2)
    assert found.status == "invalid"
    assert error in found.error
    assert " ".join(arguments).startswith(found.command)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["sample", "--output", "file"], "file"),
        (["ingest", "--input", "nowhere*", "--output", "out"], "nowhere*"),
        (["recommend", "--model", "x", "--challenge", "none.json", "--output", "y"], "none.json"),
        (["report", "--out", "nowhere"], "nowhere"),
        (["compare", ".", "."], "details.json"),
        (["query", "--target", "127.0.0.1:1", "--timeout", "0.2"], "127.0.0.1:1"),
        (["release", "status", "--target", "127.0.0.1:1"], "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_failed(arguments, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "report").mkdir()
    found = status(*arguments, code=1)
    assert found.status == "failed"
    assert error in found.error


def test_sample_and_config_say_what_they_made(tmp_path):
    made = status("sample", "--playlists", "12", "--output", str(tmp_path))
    assert (made.status, made.playlists, made.slices) == ("ok", 12, 1)
    shown = status("config", "--set", "models.als.factors=7")
    assert shown.status == "ok"
    assert shown.config["models"]["als"]["factors"] == 7


def test_help_is_no_status():
    done = runner.invoke(app, ["run", "--json", "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.stdout
    assert "{" not in done.stdout


def test_text_that_is_none_stays_a_line(tmp_path):
    out = str(tmp_path / "no\udcfftext")
    found = status("report", "--out", out, code=1)
    assert "no?text" in found.error


def test_a_process_prints_nothing_else(tmp_path):
    from sample.generator import write_slices

    write_slices(str(tmp_path / "sample"), 12, 7)
    command = [sys.executable, "-m", "pipeline.cli", "ingest", "--json"]
    command += ["--input", str(tmp_path / "sample"), "--output", str(tmp_path / "records")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = StatusLine.model_validate_json(done.stdout).root
    assert (found.status, found.unchanged, found.playlists) == ("ok", False, 12)
    assert "Wrote: 12 playlists" in done.stderr

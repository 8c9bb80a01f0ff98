import os
import pathlib
import re

import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app
from schema import output_lock

runner = CliRunner()


def test_every_command_gives_an_example():
    from typer.main import get_command

    command = get_command(app)
    for name, sub in command.commands.items():
        group = getattr(sub, "commands", {})
        alone = [sub] if not group or sub.invoke_without_command else []
        for each in (*group.values(), *alone):
            assert "Example: segue" in (each.help or ""), name


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--data", "x", "--set", "sede=1"], "Did you mean seed?"),
        (["run", "--data", "x", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["run"], "--data"),
        (["query", "--format", "xml"], "table, json or csv"),
        (["query", "--track", "not a track"], "not a track"),
        (["sample", "--playlists", "0"], "--playlists"),
    ],
)
def test_bad_usage_exits_with_2_and_names_the_trouble(arguments, says):
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--out", "nowhere"],
        ["recommend", "--model", "nowhere", "--challenge", "nowhere.json", "--output", "s.csv"],
    ],
)
def test_what_cannot_be_done_exits_with_1(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, arguments)
    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("place", ["serving", "serving/segue", "report", "pipeline_root", "logs"])
def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_done(place, tmp_path):
    out = tmp_path / "out"
    (out / place).parent.mkdir(parents=True)
    (out / place).write_text("a file")
    result = runner.invoke(app, ["run", "--data", str(tmp_path), "--out", str(out)])
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    told = f"Error: Cannot write to {out}: {out}/{place}"
    assert re.fullmatch(rf"{told}(/segue|/registry)?: Not a directory", said)
    assert not (out / ".lock").exists()


@pytest.mark.parametrize("content", [b"x {", b"\xff", b'feature { name: "a" name: "b" }'])
def test_a_schema_that_is_none_stops_a_run_at_once(content, tmp_path):
    schema = tmp_path / "s.pbtxt"
    schema.write_bytes(content)
    asked = ["run", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    result = runner.invoke(app, [*asked, "--set", f"validation.schema_file={schema}"])
    assert result.exit_code == 2
    assert f"{schema} is not a schema: " in result.output
    assert not (tmp_path / "out" / "metadata.db").exists()


def test_a_remote_directory_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, ["run", "--data", "x", "--out", "gs://bucket/out"])
    assert result.exit_code == 2
    assert "--out takes a directory on this machine, not gs://bucket/out" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--data", "--out"])
def test_a_path_that_is_not_utf_8_is_refused(option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"--data": "x", "--out": "y", option: "Gr\udcf6\udcdfe"}
    result = runner.invoke(app, ["run", *(word for pair in asked.items() for word in pair)])
    assert result.exit_code == 2
    assert rf"{option}: TFX knows no path that is not UTF-8, as 'Gr\udcf6\udcdfe'" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--out", "--statistics"])
def test_skew_refuses_such_a_path_too(option):
    result = runner.invoke(app, ["skew", "--logs", "x", option, "Gr\udcf6\udcdfe"])
    assert result.exit_code == 2
    assert rf"{option}: TFX knows no path that is not UTF-8, as 'Gr\udcf6\udcdfe'" in result.output


def test_a_release_record_that_cannot_be_read_stops_a_run_at_once(tmp_path):
    out = tmp_path / "out"
    (out / "serving").mkdir(parents=True)
    (out / "serving" / "releases.json").write_text("{")
    runner.invoke(app, ["sample", "--playlists", "12", "--output", str(tmp_path / "data")])
    result = runner.invoke(app, ["run", "--data", str(tmp_path / "data"), "--out", str(out)])
    assert result.exit_code == 2
    assert f"{out}/serving/releases.json is not a record of releases" in result.output
    assert not (out / "tfrecords").exists()


def test_the_printed_configuration_is_one_that_can_be_read(tmp_path):
    printed = runner.invoke(app, ["config", "--set", "seed=3", "--set", "models.als.factors=7"])
    assert printed.exit_code == 0
    file = tmp_path / "run.yaml"
    file.write_text(printed.output)
    again = runner.invoke(app, ["config", "--config", str(file)])
    assert again.output == printed.output
    assert "factors: 7" in printed.output


def test_sample_and_ingest_from_the_command_line(tmp_path: pathlib.Path):
    data, out = tmp_path / "sample", tmp_path / "tfrecords"
    made = runner.invoke(app, ["sample", "--playlists", "12", "--output", str(data)])
    assert made.exit_code == 0, made.output
    read = runner.invoke(app, ["ingest", "--input", str(data), "--output", str(out)])
    assert read.exit_code == 0, read.output
    assert "12 playlists" in read.output
    again = runner.invoke(app, ["ingest", "--input", str(data), "--output", str(out)])
    assert "Unchanged: 12 playlists" in again.output


def test_ingest_of_nothing_says_so(tmp_path: pathlib.Path):
    result = runner.invoke(
        app, ["ingest", "--input", str(tmp_path / "none*"), "--output", str(tmp_path / "out")]
    )
    assert result.exit_code == 1
    assert "none*" in result.output.replace("\n", "")


@pytest.mark.parametrize("command", [["run", "--data"], ["ingest", "--input"]])
def test_a_directory_in_use_is_refused_in_a_sentence(command, tmp_path: pathlib.Path):
    data, out = tmp_path / "data", tmp_path / "out"
    runner.invoke(app, ["sample", "--playlists", "12", "--output", str(data)])
    name = "--out" if command[0] == "run" else "--output"
    with output_lock.taken(str(out), "segue run"):
        result = runner.invoke(app, [*command, str(data), name, str(out)])
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert said.startswith(f"Error: {out} is in use by process {os.getpid()} on ")
    assert said.endswith("try again when that has ended, or choose another directory")


def test_records_of_a_run_are_not_replaced_under_it(tmp_path: pathlib.Path):
    """A run locks its directory throughout, `tfrecords` only while it ingests."""
    data, out = tmp_path / "data", tmp_path / "out"
    runner.invoke(app, ["sample", "--playlists", "12", "--output", str(data)])
    command = ["ingest", "--input", str(data), "--output"]
    with output_lock.taken(str(out), "segue run"):
        refused = runner.invoke(app, [*command, str(out / "tfrecords")])
        assert runner.invoke(app, [*command, str(out / "records")]).exit_code == 0
    assert refused.exit_code == 1
    assert f"{out} is in use by process" in " ".join(refused.output.split())
    assert not (out / "tfrecords").exists()
    assert runner.invoke(app, [*command, str(out / "tfrecords")]).exit_code == 0
    with output_lock.taken(str(out), "segue run"):
        pass


def test_unreadable_slices_pass_with_the_options_that_the_error_gives(tmp_path: pathlib.Path):
    data, out = tmp_path / "data", tmp_path / "out"
    runner.invoke(app, ["sample", "--playlists", "12", "--output", str(data)])
    (data / "mpd.slice.90-99.json").write_text('{"playlists": [')
    command = ["ingest", "--input", str(data), "--output", str(out)]
    refused = runner.invoke(app, command)
    assert refused.exit_code == 1
    assert "mpd.slice.90-99.json" in refused.output
    options = re.findall(r"--set\s+(ingest\.[\w.=]+)", refused.output)
    assert options == ["ingest.max_unreadable_files=1", "ingest.max_reject_share=0.5"]
    allowed = runner.invoke(app, [*command, *(f"--set={option}" for option in options)])
    assert allowed.exit_code == 0, allowed.output
    assert "1 rejected: unreadable_file" in allowed.output

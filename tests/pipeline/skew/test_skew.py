"""`segue skew`: values by hand on small logs, alarms, and what a real server logged."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from typer.testing import CliRunner

from components.data_gate import reference
from pipeline.cli.main import app
from schema.layout import PART
from schema.requests import examples_request
from serving.protocol import single_model_config
from serving.server import ModelServer, RequestLogOptions, ServerOptions
from tests.pipeline.skew.logs import DAY, NEW, OLD, record, uris, write
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, QUICK, Stubs, predict_request

UNKNOWN = 99
ALL = ["--set", "skew.min_playlists=1"]


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """What a run leaves: two versions, and the statistics of four playlists of train.

    Track 0 is in three of them and track 1 in one; two are called "pop" and two "rock".
    """
    directory = tmp_path_factory.mktemp("run") / "out"
    saved = tmp_path_factory.mktemp("saved") / "model"
    toy_model.save(saved)
    for version in (OLD, NEW):
        toy_model.push(saved, directory / "serving" / "segue", version)
    titles, tracks = ["pop", "pop", "rock", "rock"], [0, 0, 0, 1]
    batch = pa.RecordBatch.from_pydict(
        {
            "name": pa.array([[title.encode()] for title in titles]),
            "track_uri": pa.array([uris([track]) for track in tracks]),
        }
    )
    path = str(directory / "statistics.pb")
    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | beam.Create([batch])
            | tfdv.GenerateStatistics(tfdv.StatsOptions())
            | tfdv.WriteStatisticsToBinaryFile(path)
        )
    reference.keep(str(directory / "passed"), "data", tfdv.load_stats_binary(path))
    return directory


def skew(out: pathlib.Path, logs: pathlib.Path | str, *more: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(
        app, ["skew", "--logs", str(logs), "--out", str(out), "--json", *more]
    )
    status = json.loads(done.stdout.splitlines()[-1])
    status["measures"] = {each["key"]: each for each in status["measures"]}
    return done.exit_code, status


def test_answers_before_a_release_were_not_stale(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The old version answers twice before the new one is released and once after it."""
    at = datetime.datetime.fromtimestamp(NEW + DAY, datetime.timezone.utc).isoformat()
    record_file = tmp_path / "releases.json"
    release = {"action": "promote", "at": at, "stable": NEW}
    record_file.write_text(json.dumps({"model": MODEL, "releases": [release]}))
    days = {OLD: (0.25, 0.5, 1.5), NEW: (1.25, 1.75, 2)}
    logs = write(
        tmp_path / "log",
        [
            record("pop", [0], version=version, second=NEW + int(day * DAY))
            for version, when in days.items()
            for day in when
        ],
    )
    _, found = skew(out, logs, *ALL, "--set", f"release_record={record_file}")
    assert found["measures"]["stale_answers"]["value"] == 1 / 4


def test_values_by_hand(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Four playlists: one "pop" with track 0, three without a title and with an unknown track."""
    logs = write(
        tmp_path / "log",
        [
            record("pop", [0], version=OLD, second=OLD + DAY),
            b"\xff",
            record("", [UNKNOWN], version=OLD, second=OLD + 31 * DAY),
            record("", [UNKNOWN], tracks=0, second=NEW + DAY),
            record("", [UNKNOWN], second=NEW + 2 * DAY, as_example=True),
        ],
    )
    code, found = skew(out, logs, *ALL)
    assert (code, found["status"]) == (1, "alarm")
    assert (found["records"], found["playlists"], found["earlier_playlists"]) == (5, 4, 2)
    assert found["requests"] == {"serving_default": 3, "serving_examples": 1}
    assert found["broken"] == {"not_a_prediction_log": 1}
    expected = {
        "broken_records": 1 / 5,
        "unknown_seeds": 3 / 4,
        "empty_answers": 1 / 4,
        "stale_answers": 2 / 4,
        "old_answers": 1 / 4,
        "missing_titles": 3 / 4,
        "title_length": 0.5 / 3.5,  # "pop" against a mean of three and four letters
        "seeds": 1.0,
        "skew_tracks": 3 / 4,  # the unknown track has three quarters, and none in train
        "skew_titles": 1 / 2,
        "skew_seeds": 0.0,
        "drift_tracks": 1 / 2,  # tracks 0 and 99, then 99 alone
        "drift_titles": None,  # the second half has none
        "drift_seeds": 0.0,
        "drift_title_length": None,
    }
    values = {key: measure["value"] for key, measure in found["measures"].items()}
    assert values == {
        key: None if value is None else pytest.approx(value) for key, value in expected.items()
    }
    assert found["measures"]["skew_tracks"]["detail"] == toy_model.uri(UNKNOWN)
    assert found["measures"]["missing_titles"]["reference"] == 0
    assert found["measures"]["seeds"]["reference"] == 1
    alarms = {key for key, measure in found["measures"].items() if measure["alarm"]}
    # Stale answers are at their threshold, the length of titles is below it.
    assert alarms == {
        "broken_records",
        "unknown_seeds",
        "empty_answers",
        "old_answers",
        "missing_titles",
        "skew_tracks",
        "skew_titles",
        "drift_tracks",
    }
    assert found["error"].startswith("8 alarms: broken_records, unknown_seeds")
    newest, oldest = found["versions"]
    assert (newest["version"], newest["served"], newest["playlists"]) == (NEW, True, 2)
    assert (oldest["version"], oldest["served"], oldest["age_days"]) == (OLD, False, 31)
    assert (newest["unknown_seeds"], oldest["unknown_seeds"]) == (1, 1 / 2)
    assert newest["first"].startswith("2023-12-09")


def test_a_log_like_train_is_no_alarm(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    asked = [("pop", 0), ("pop", 0), ("rock", 0), ("rock", 1)]
    for number in range(2):
        write(tmp_path / f"log-{number}", [record(t, [s], second=NEW + number) for t, s in asked])
    write(tmp_path / "log-2.part", [b"not complete"])
    code, found = skew(out, tmp_path, *ALL)
    assert (code, found["status"]) == (0, "ok")
    assert found["earlier_playlists"] == 4
    assert {key: measure["value"] for key, measure in found["measures"].items()} == {
        key: 1 if key == "seeds" else pytest.approx(0) for key in found["measures"]
    }


def test_an_earlier_log_and_limits_of_ones_own(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Two tracks a playlist before and one now: as different as can be."""
    before = write(tmp_path / "before", [record("pop", [0, 1]), record("", [UNKNOWN, 0])])
    logs = write(tmp_path / "log", [record("rock", [0]), record("rock", [0])])
    more = ["--before", str(before), *ALL]
    code, found = skew(out, logs, *more)
    assert code == 1
    assert (found["playlists"], found["earlier_playlists"]) == (2, 2)
    measures = found["measures"]
    # The earlier log is not judged but as what came before.
    assert measures["unknown_seeds"]["value"] == measures["missing_titles"]["value"] == 0
    assert measures["drift_seeds"]["value"] == pytest.approx(1)
    assert measures["drift_tracks"]["value"] == pytest.approx(1 / 2)
    assert measures["drift_titles"]["value"] == pytest.approx(1)
    assert measures["drift_title_length"]["value"] == pytest.approx(1)
    assert measures["skew_titles"]["value"] == pytest.approx(1 / 2)
    keys = [key for key, measure in measures.items() if measure["alarm"]]
    assert keys[-4:] == ["drift_tracks", "drift_titles", "drift_seeds", "drift_title_length"]
    silent = [part for key in keys for part in ("--set", f"skew.{key}=null")]
    code, found = skew(out, logs, *more, *silent)
    assert (code, found["status"]) == (0, "ok")


def test_a_few_playlists_are_no_alarm(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Nor is what is broken, where the limit says so: one record is changed, one is cut."""
    logs = write(tmp_path / "log", [record("", [UNKNOWN], tracks=0) for _ in range(3)])
    content = bytearray(logs.read_bytes())
    content[20] ^= 1  # behind the 12 bytes of a length and its checksum
    logs.write_bytes(content[:-5])
    code, found = skew(out, logs, "--set", "skew.broken_records=0.9")
    assert (code, found["status"]) == (0, "ok")
    assert (found["records"], found["playlists"]) == (3, 1)
    assert found["broken"] == {"damaged": 1, "truncated": 1}
    assert found["measures"]["unknown_seeds"]["value"] == 1


def test_a_log_without_playlists_times_or_versions(
    out: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "empty").touch()
    code, found = skew(out, tmp_path / "empty", *ALL)
    assert (code, found["playlists"]) == (0, 0)
    assert {measure["value"] for measure in found["measures"].values()} == {None}
    log = record("pop", [0], second=0)
    log.predict_log.response.ClearField("model_spec")
    code, found = skew(out, write(tmp_path / "bare", [log, log]), *ALL)
    assert found["versions"][0]["version"] == 0
    measures = found["measures"]
    for key in ("unknown_seeds", "drift_tracks", "stale_answers", "old_answers"):
        assert measures[key]["value"] is None


def test_what_a_server_logged(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    base = out / "serving" / "segue"
    options = ServerOptions(
        port=0, watch=QUICK, request_log=RequestLogOptions(str(tmp_path / "logs"), 1.0)
    )
    with ModelServer(single_model_config(MODEL, base), options) as server:
        stubs = Stubs(server.target)
        by_example = examples_request([_example("rock", [0, UNKNOWN])] * 2)
        by_example.model_spec.name = MODEL
        for request in (predict_request("pop", [toy_model.uri(1)]), by_example):
            stubs.prediction.Predict(request, timeout=10)
        stubs.channel.close()
    _, found = skew(out, tmp_path / "logs" / "segue-*", *ALL)
    assert (found["records"], found["playlists"], found["broken"]) == (2, 3, {})
    assert found["requests"] == {"serving_default": 1, "serving_examples": 1}
    measures = found["measures"]
    assert measures["unknown_seeds"]["value"] == pytest.approx(2 / 5)
    assert measures["empty_answers"]["value"] == 0
    assert measures["seeds"]["value"] == pytest.approx(5 / 3)
    (version,) = found["versions"]
    assert (version["version"], version["served"]) == (NEW, True)


def _example(title: str, seeds: list[int]) -> bytes:
    log = record(title, seeds, as_example=True)
    return log.predict_log.request.inputs["examples"].string_val[0]


@pytest.mark.parametrize("name", ["log [old]", "{a,b}"])
def test_a_log_is_found_whatever_its_name_is(
    out: pathlib.Path, tmp_path: pathlib.Path, name: str
) -> None:
    folder = tmp_path / name
    one, _ = (write(folder / file, [record("pop", [0])]) for file in ("1 [x].log", "2.log"))
    (folder / f"3.log{PART}").write_bytes(b"half")
    (folder / "below").mkdir()
    assert skew(out, folder)[1]["records"] == 2
    assert skew(out, one)[1]["records"] == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--logs", "nowhere/*"], "nowhere/*: there is no file of a request log"),
        (["--logs", "LOG", "--out", "nowhere"], "nowhere/passed holds no statistics: --out names"),
        (["--logs", "LOG", "--statistics", "LOG"], "holds no statistics of TFDV"),
        (["--logs", "LOG", "--statistics", "nowhere"], "nowhere holds no statistics of TFDV"),
        (["--logs", "LOG", "--set", "skew.unknown_seeds=2"], "skew.unknown_seeds"),
        ([], "Missing option '--logs'"),
    ],
)
def test_what_cannot_be_asked(
    out: pathlib.Path, tmp_path: pathlib.Path, more: list[str], message: str
) -> None:
    log = str(write(tmp_path / "log", [record("pop", [0])]))
    arguments = ["skew", "--out", str(out), "--json", *(log if m == "LOG" else m for m in more)]
    done = CliRunner().invoke(app, arguments)
    status = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, status["status"]) == (2, "invalid")
    assert message in status["error"]


def test_statistics_of_a_file(out: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = write(tmp_path / "log", [record("pop", [0])])
    named = ["--statistics", str(out / "statistics.pb"), "--out", str(tmp_path)]
    base = ["--model-base", str(out / "serving" / "segue")]
    done = CliRunner().invoke(app, ["skew", "--logs", str(log), *named, *base])
    assert done.exit_code == 0, done.output
    assert "1 playlists in 1 records of 1 files" in done.output
    assert "unknown seeds" in done.output
    assert "no alarm but for records" in done.output

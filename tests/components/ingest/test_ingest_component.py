"""Ingest as a node: what TFX's cache knows it by, and what its artifacts say."""

from __future__ import annotations

import json
import os
import shutil
import uuid

import pytest
from tfx.types import artifact_utils
from tfx.types.experimental import simple_artifacts

from components.ingest import executor, summary
from components.ingest.component import Ingest
from components.ingest.driver import Driver
from components.ingest.errors import IngestError
from components.ingest.options import IngestOptions
from sample.generator import write_slices
from schema import artifacts
from schema.splits import SplitConfig


@pytest.fixture
def source(tmp_path):
    write_slices(tmp_path / "source", 20, seed=1, slice_size=10)
    return tmp_path / "source"


@pytest.fixture
def node(source, tmp_path):
    """Constructs the component and runs its driver, as a run does; gives its parameters."""

    def construct(**changed):
        arguments = {
            "input": str(source),
            "span": "latest",
            "window": "1",
            "deletions": "",
            "output": str(tmp_path / "out"),
            "options": IngestOptions(max_reject_share=0.2).model_dump_json(),
            "split": SplitConfig().model_dump_json(),
            "source_hash": "v1",
            **changed,
        }
        given = Ingest(**arguments).exec_properties
        return {**given, **Driver.look_up(given)}

    return construct


@pytest.fixture
def execute(tmp_path):
    """Executes it and returns its artifacts."""

    def run(properties, name="run"):
        made = {}
        for key, kind in (
            ("records", simple_artifacts.Dataset),
            ("rejects", simple_artifacts.File),
            ("summary", simple_artifacts.File),
        ):
            made[key] = kind()
            made[key].uri = str(tmp_path / name / key)
            os.makedirs(made[key].uri)
        executor.Executor().Do({}, {key: [value] for key, value in made.items()}, properties)
        return made

    return run


def test_the_fingerprint_is_of_content_and_options(node, source):
    first = node()["fingerprint"]
    for path in source.iterdir():
        os.utime(path, (1, 1))
    assert node()["fingerprint"] == first
    assert node(split=SplitConfig(train=1).model_dump_json())["fingerprint"] != first
    assert node(source_hash="v2")["fingerprint"] != first
    path = min(source.iterdir())
    path.write_text(path.read_text().replace("spotify:track:0", "spotify:track:1", 1))
    os.utime(path, (1, 1))
    assert node()["fingerprint"] != first


def test_a_copy_elsewhere_is_the_same_input(node, execute, source, tmp_path, monkeypatch):
    first = node()
    execute(first)
    copy = shutil.copytree(source, tmp_path / "a copy")
    monkeypatch.chdir(tmp_path)
    for spelled in (str(copy), "source", "./source/", f"{source}/*.json"):
        assert node(input=spelled) == node() == {**first, "input": str(source)}
    shutil.rmtree(source)
    execute(node(input=str(copy)), "again")  # without a cache: what lies there is taken
    only = str(min(copy.iterdir()))
    assert node(input=only)["fingerprint"] != first["fingerprint"]


def test_what_lies_at_the_destination_is_taken_from_the_cache_and_nothing_else(
    node, execute, source, tmp_path
):
    first = node()
    execute(first)
    assert node() == first, "nothing changed: the cache may answer"
    other = node(input=str(max(source.iterdir())))
    execute(other, "other")
    assert node()["run_id"] != first["run_id"], "other records lie there now"
    again = node()
    execute(again, "again")
    assert node() == again
    shutil.rmtree(tmp_path / "out")
    assert node()["run_id"] != again["run_id"], "nothing lies there"


def test_its_artifacts_say_what_came_of_it(node, execute, source, tmp_path):
    path = min(source.iterdir())
    content = json.loads(path.read_text())
    content["playlists"][3]["tracks"] = []
    path.write_text(json.dumps(content))
    properties = node()
    made = execute(properties)
    result = summary.read(made["summary"])
    assert (result.playlists, result.files, result.rejects) == (19, 2, {"missing_tracks": 1})
    assert made["summary"].get_string_custom_property(artifacts.SUMMARY) == (
        f"19 playlists with {result.tracks:,} tracks in 2 files · 1 rejects (missing_tracks 1)"
    )
    rejects = artifact_utils.get_single_uri([made["rejects"]])
    (name,) = os.listdir(rejects)
    with open(os.path.join(rejects, name), encoding="utf-8") as file:
        assert json.loads(file.read())["reason"] == "missing_tracks"
    records = made["records"]
    assert records.get_string_custom_property("directory") == str(tmp_path / "out")
    assert records.get_string_custom_property("fingerprint") == properties["fingerprint"]
    with open(os.path.join(records.uri, "manifest.json"), encoding="utf-8") as file:
        assert json.loads(file.read())["run_id"] == properties["run_id"]


def test_an_input_that_is_not_there_is_the_executors_to_report(node, execute):
    properties = node(input="nowhere")
    assert properties["fingerprint"].startswith("unknown-")
    assert node(input="nowhere")["fingerprint"] != properties["fingerprint"]
    with pytest.raises(RuntimeError, match="no slice found: 'nowhere'"):
        execute(properties)


@pytest.mark.parametrize(
    ("pids", "counts", "split"),
    [
        (range(5), "train 4, stop 0, eval 0, test 1", "eval"),
        ([12, 18], "train 0, stop 0, eval 2, test 0", "train"),
    ],
)
def test_a_split_that_is_empty_stops_the_run_here(node, execute, source, pids, counts, split):
    for path in source.iterdir():
        path.unlink()
    track = "spotify:track:" + "a" * 22
    playlists = [{"pid": pid, "tracks": [{"track_uri": track}]} for pid in pids]
    (source / "small.json").write_text(json.dumps({"playlists": playlists}))
    for _ in range(2):  # the second time the records are there already
        with pytest.raises(IngestError) as error:
            execute(node(), name=uuid.uuid4().hex)
        text = str(error.value)
        assert text.startswith(f"no playlist fell into the {split} split, so ")
        assert f" (playlists by split: {counts}); add playlists, or " in text
        assert f"--set split.{split}=N (now " in text

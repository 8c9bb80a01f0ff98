import os
from pathlib import Path

import pytest
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_artifacts

from components import counts
from components.example_files import pass_on
from components.example_gen import executor
from components.example_gen.component import ImportExampleGen
from components.example_gen.driver import Driver
from components.ingest.job import ingest
from components.ingest.names import playlists_name
from sample.generator import write_slices
from schema.splits import SPLITS
from tests.components.counts_fixture import written


@pytest.fixture
def source(tmp_path):
    write_slices(tmp_path / "source", 40, seed=1, slice_size=10)
    return tmp_path / "source"


def looked_up(tmp_path):
    return Driver.look_up({"input_base": str(tmp_path / "records")})["fingerprint"]


def execute(tmp_path, fingerprint):
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    node = ImportExampleGen(input_base=str(tmp_path / "records"), source_hash="v1")
    parameters = {**node.exec_properties, "fingerprint": fingerprint}
    executor.Executor().Do({}, {"examples": [examples]}, parameters)
    return examples


def found_in(examples):
    """What lies in the files of each split."""
    folder = Path(examples.uri)
    return {
        split: counts.of_files(map(str, (folder / f"Split-{split}").glob("*.gz")))
        for split in SPLITS
    }


def test_each_split_is_passed_on_byte_by_byte(source, tmp_path):
    ingest(str(source), str(tmp_path / "records"))
    known = looked_up(tmp_path)
    examples = execute(tmp_path, known)
    assert artifact_utils.decode_split_names(examples.split_names) == list(SPLITS)
    assert (examples.span, examples.version) == (0, 0)
    assert examples.get_int_custom_property("span") == 0
    assert examples.get_string_custom_property("input_fingerprint") == known
    assert examples.get_string_custom_property("summary") == (
        "split by hash of pid into train, stop, eval and test"
    )
    assert examples_utils.get_payload_format(examples) == example_gen_pb2.FORMAT_TF_EXAMPLE
    assert examples_utils.get_file_format(examples) == "tfrecords_gzip"
    amounts = {k: (line.playlists, line.entries) for k, line in found_in(examples).items()}
    assert written(examples) == amounts
    assert sum(playlists for playlists, _ in amounts.values()) == 40
    for split in SPLITS:
        folder = tmp_path / "examples" / f"Split-{split}"
        names = [playlists_name(split, index, 4) for index in range(4)]
        assert sorted(os.listdir(folder)) == names
        for name in names:
            assert (folder / name).read_bytes() == (tmp_path / "records" / name).read_bytes()


def test_other_records_than_the_cache_would_know_are_refused(source, tmp_path):
    ingest(str(source), str(tmp_path / "records"))
    known = looked_up(tmp_path)
    (tmp_path / "records" / "manifest.json").unlink()
    with pytest.raises(RuntimeError, match="are not the ones that this run expects"):
        execute(tmp_path, known)
    ingest(str(min(source.iterdir())), str(tmp_path / "records"))
    with pytest.raises(RuntimeError, match="another ingest replaced them; start the run again"):
        execute(tmp_path, known)


def test_a_file_that_is_not_passed_on_stops_it(source, tmp_path, monkeypatch):
    ingest(str(source), str(tmp_path / "records"))
    original = executor.pass_on
    monkeypatch.setattr(executor, "pass_on", lambda paths, to: original(paths[1:], to))
    told = "1 of 4 files that Ingest wrote are missing or cut in .*Split-train"
    with pytest.raises(executor.spans.LostRecordsError, match=told):
        execute(tmp_path, looked_up(tmp_path))


def test_records_without_a_manifest_are_like_no_others(source, tmp_path):
    unknown = looked_up(tmp_path)
    assert unknown != looked_up(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"split train: .*playlists-train-"):
        execute(tmp_path, unknown)
    ingest(str(source), str(tmp_path / "records"))
    assert execute(tmp_path, unknown).span == 0


def test_records_without_a_manifest_are_counted(source, tmp_path):
    ingest(str(source), str(tmp_path / "records"))
    (tmp_path / "records" / "manifest.json").unlink()
    examples = execute(tmp_path, "unknown-1")
    assert written(examples) == {
        split: (amount.playlists, amount.entries) for split, amount in found_in(examples).items()
    }


def test_passing_on_replaces_what_is_there_and_what_is_passed_on_stays_as_it_was(tmp_path):
    source, folder = tmp_path / "a.gz", tmp_path / "to"
    source.write_bytes(b"new")
    folder.mkdir()
    (folder / "a.gz").write_bytes(b"old")
    pass_on([str(source)], str(folder))
    assert (folder / "a.gz").read_bytes() == b"new"
    source.unlink()
    source.write_bytes(b"newer")
    assert (folder / "a.gz").read_bytes() == b"new"

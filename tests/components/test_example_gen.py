import os

import pytest
from tfx.components import FileBasedExampleGen
from tfx.components.util import examples_utils
from tfx.dsl.components.base import executor_spec
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.example_files import pass_on
from components.example_gen.executor import Executor
from components.ingest.job import ingest
from components.ingest.names import playlists_name, playlists_pattern
from sample.generator import write_slices
from schema.splits import SPLITS


def properties(base):
    splits = [
        example_gen_pb2.Input.Split(name=name, pattern=playlists_pattern(name)) for name in SPLITS
    ]
    return FileBasedExampleGen(
        input_base=str(base),
        input_config=example_gen_pb2.Input(splits=splits),
        custom_executor_spec=executor_spec.ExecutorClassSpec(Executor),
    ).exec_properties


def test_each_split_is_passed_on_byte_by_byte(tmp_path):
    write_slices(tmp_path / "source", 40, seed=1, slice_size=10)
    ingest(str(tmp_path / "source"), str(tmp_path / "records"))
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    Executor().Do({}, {"examples": [examples]}, properties(tmp_path / "records"))
    assert artifact_utils.decode_split_names(examples.split_names) == list(SPLITS)
    assert examples_utils.get_payload_format(examples) == example_gen_pb2.FORMAT_TF_EXAMPLE
    assert examples_utils.get_file_format(examples) == "tfrecords_gzip"
    for split in SPLITS:
        folder = tmp_path / "examples" / f"Split-{split}"
        names = [playlists_name(split, index, 4) for index in range(4)]
        assert sorted(os.listdir(folder)) == names
        for name in names:
            assert (folder / name).read_bytes() == (tmp_path / "records" / name).read_bytes()


def test_a_split_without_files_is_named(tmp_path):
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    with pytest.raises(FileNotFoundError, match=r"split train: .*playlists-train-"):
        Executor().Do({}, {"examples": [examples]}, properties(tmp_path))


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

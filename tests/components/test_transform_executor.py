"""Transform's counts; what it does to playlists is told in tests/models/transform."""

import pytest
from tfx.types import standard_artifacts

from components.transform.executor import Executor
from schema.documents import CountsError
from tests.components.counts_fixture import counted, written
from tests.models.transform_fixture import example, write_graph, write_records


@pytest.fixture
def transform(tmp_path, monkeypatch):
    """Runs the executor, in place of whose work there are ids by split."""

    def run(came_in, **splits):
        def do(*_):
            write_graph(tmp_path / "graph", {})
            for split, playlists in splits.items():
                folder = tmp_path / "out" / f"Split-{split}"
                folder.mkdir(parents=True)
                write_records(folder / "part-0.gz", [example("1", ids) for ids in playlists])

        monkeypatch.setattr(Executor, "_transform", do)
        examples, transformed = standard_artifacts.Examples(), standard_artifacts.Examples()
        examples.uri, transformed.uri = str(tmp_path / "in"), str(tmp_path / "out")
        transformed.split_names = '["train", "stop"]'
        counted(examples, "Holdout", **came_in)
        graph = standard_artifacts.TransformGraph()
        graph.uri = str(tmp_path / "graph")
        outputs = {"transformed_examples": [transformed], "transform_graph": [graph]}
        Executor().Do({"examples": [examples]}, outputs, {})
        return transformed

    return run


def test_what_was_written_is_counted_unknown_tracks_too(transform):
    found = transform({"train": (2, 4), "stop": (0, 0)}, train=[[0, -1, 2], [5]], stop=[])
    assert written(found) == {"train": (2, 4), "stop": (0, 0)}


@pytest.mark.parametrize(
    ("came_in", "told"),
    [
        ({"train": (3, 4)}, "Transform: train: Holdout wrote 3 playlists, 2 read: 1 lost"),
        ({"train": (2, 5)}, "Transform: train: Holdout wrote 5 track entries, 4 read: 1 lost"),
        ({"stop": (0, 0)}, "Transform: stop: Holdout wrote 0 playlists, 1 read: 1 too many"),
    ],
)
def test_what_was_lost_in_it_stops_it(transform, came_in, told):
    there = {"train": (2, 4), "stop": (1, 1), **came_in}
    with pytest.raises(CountsError, match=told):
        transform(there, train=[[0, -1, 2], [5]], stop=[[1]])


def test_a_split_without_a_file_stops_it(transform):
    with pytest.raises(FileNotFoundError, match="No file of split stop"):
        transform({"train": (1, 1), "stop": (0, 0)}, train=[[0]])

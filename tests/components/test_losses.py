"""A playlist that gets lost before any stage: the stage stops the run and says where.

Every stage does its real work on what the one before it left; the loss is a record less in a file.
"""

import contextlib
import shutil

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from benchmarks import one_stage
from components import served_file
from components.significance import executor as significance
from components.significance.component import PlaylistMetrics
from pipeline.overrides import load_config
from sample.generator import write_slices
from schema.documents import CountsError, ServedModel

STAGES = (
    *("ImportSchemaGen", "Ingest", "ImportExampleGen", "StatisticsGen", "ExampleValidator"),
    *("Holdout", "Transform", "Trainer.popularity"),
)


class Chain:
    """The stages of a small run, each of which reads what an earlier one left.

    Args:
        folder: for data and artifacts.
        config: the run.
    """

    def __init__(self, folder, config):
        self.folder = folder
        self._config = config

    def run(self, stage, folder=None):
        one_stage.run(stage, self._config, folder or self.folder)

    def artifact(self, kind, name):
        """What a stage left; `name` is its id and the output's."""
        return one_stage.restored(kind(), self.folder, name)

    @contextlib.contextmanager
    def lost(self, kind, name, split):
        """Takes a record out of a split while the block runs."""
        uri = artifact_utils.get_split_uri([self.artifact(kind, name)], split)
        for path in tf.io.gfile.glob(f"{uri}/*.gz"):
            records = list(tf.data.TFRecordDataset(path, "GZIP").as_numpy_iterator())
            if records:
                break
        # Moved, not written over: stages share files by hard links.
        kept = self.folder / "kept"
        shutil.move(path, kept)
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for record in records[1:]:
                writer.write(record)
        try:
            yield
        finally:
            shutil.move(kept, path)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    write_slices(folder / "data", 60, seed=3)
    settings = (
        "candidate=popularity",
        "baselines=[]",
        "split={train: 6, eval: 3, test: 1, stop: 0.2}",
    )
    out = str(folder / "out")
    made = Chain(folder, load_config(None, settings, data=str(folder / "data"), out=out))
    for stage in STAGES:
        made.run(stage)
    return made


@pytest.fixture
def copy(chain, tmp_path):
    """A folder in which a stage may run again without changing what the others read."""
    for path in chain.folder.glob("*.pb"):
        shutil.copy(path, tmp_path)
    return tmp_path


EXAMPLES = standard_artifacts.Examples


def test_before_statistics(chain, copy):
    with chain.lost(EXAMPLES, "ImportExampleGen.examples", "eval"):
        chain.run("StatisticsGen", copy)
    with pytest.raises(CountsError, match=r"StatisticsGen: eval: .* read: 1 lost"):
        chain.run("DataGate", copy)


@pytest.mark.parametrize("split", ["train", "eval"])
def test_before_playlists_are_held_out(chain, copy, split):
    with (
        chain.lost(EXAMPLES, "ImportExampleGen.examples", split),
        pytest.raises(CountsError, match=rf"Holdout: {split}: .* read: 1 lost"),
    ):
        chain.run("Holdout", copy)


def test_before_transform(chain, copy):
    with (
        chain.lost(EXAMPLES, "Holdout.training", "train"),
        pytest.raises(CountsError, match=r"Transform: train: Holdout wrote .* read: 1 lost"),
    ):
        chain.run("Transform", copy)


@pytest.mark.parametrize("split", ["train", "stop"])
def test_before_training(chain, copy, split):
    with (
        chain.lost(EXAMPLES, "Transform.transformed_examples", split),
        pytest.raises(CountsError, match=rf"Training data: {split}: Transform wrote .* 1 lost"),
    ):
        chain.run("Trainer.popularity", copy)


@pytest.mark.parametrize("split", ["eval", "test"])
def test_before_scoring(chain, tmp_path, split):
    served, metrics = standard_artifacts.Model(), PlaylistMetrics()
    served.uri, metrics.uri = str(tmp_path / "served"), str(tmp_path / "metrics")
    served_file.write(ServedModel(), served)
    inputs = {
        "examples": [chain.artifact(EXAMPLES, "Holdout.held_out")],
        "candidate": [chain.artifact(standard_artifacts.Model, "Trainer.popularity.model")],
        "served": [served],
    }
    told = rf"Significance of popularity: {split}: Holdout wrote .* read: 1 lost"
    with (
        chain.lost(EXAMPLES, "Holdout.held_out", split),
        pytest.raises(CountsError, match=told),
    ):
        significance.Executor().Do(inputs, {"metrics": [metrics]}, {"candidate_name": "popularity"})

from __future__ import annotations

import pathlib

import pytest
import tensorflow as tf

from components.infra_check import recorded
from components.infra_check.queries import Query
from tests.components.infra_check import infra_toy


def example(name: bytes, tracks: list[bytes]) -> bytes:
    made = tf.train.Example()
    made.features.feature["name"].bytes_list.value.append(name)
    made.features.feature["track_uri"].bytes_list.value.extend(tracks)
    return made.SerializeToString()


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Twenty playlists of 0 to 4 tracks as an Examples artifact, in two files of split eval."""
    directory = tmp_path_factory.mktemp("examples")
    (directory / "Split-eval").mkdir()
    for shard in range(2):
        path = directory / "Split-eval" / f"data_tfrecord-{shard}.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for index in range(shard, 20, 2):
                tracks = [infra_toy.uri((index + step) % 14) for step in range(index % 5)]
                writer.write(example(b"playlist %d" % index, tracks))
    return directory


@pytest.fixture(scope="session")
def queries(held_out: pathlib.Path) -> list[Query]:
    return recorded.sample(str(held_out / "Split-eval"), 8, seed=1)


@pytest.fixture(scope="session")
def good_model(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return infra_toy.save(tmp_path_factory.mktemp("good") / "model")

from collections import Counter

import pytest
import tensorflow as tf
from pydantic import ValidationError
from tfx.components.example_gen import base_example_gen_executor
from tfx.proto import example_gen_pb2

from schema import features
from schema.splits import SPLITS, SplitConfig


def by_tfx(pid: bytes, config: SplitConfig) -> str:
    """The split that TFX's ExampleGen gives a playlist."""
    example = tf.train.Example()
    example.features.feature[features.PID].bytes_list.value[:] = [pid]
    sizes = [config.train, config.eval, config.test]
    buckets = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    partitioning = example_gen_pb2.SplitConfig(partition_feature_name=features.PID)
    index = base_example_gen_executor._PartitionFn(example, len(sizes), buckets, partitioning)
    return SPLITS[index]


@pytest.mark.parametrize("sizes", [(80, 10, 10), (70, 20, 10), (39, 1, 1), (1, 1, 1)])
def test_a_playlist_has_the_side_that_tfx_gives_it(sizes):
    config = SplitConfig(train=sizes[0], eval=sizes[1], test=sizes[2])
    for pid in [*range(300), 999_999, 2**63 - 1]:
        value = str(pid).encode()
        assert config.split_of(value) == by_tfx(value, config)


def test_any_text_may_be_an_identity():
    config = SplitConfig()
    for value in (b"", b"listener:7f3a", "Ä".encode() * 62):
        assert config.split_of(value) == by_tfx(value, config)
    with pytest.raises(ValueError, match="126 bytes"):
        config.split_of(b"x" * 126)


def test_the_shares_are_those_of_the_buckets():
    counts = Counter(SplitConfig().split_of(str(pid).encode()) for pid in range(10_000))
    assert counts["train"] == pytest.approx(8000, abs=150)
    assert counts["eval"] == pytest.approx(1000, abs=120)


def test_a_split_without_a_bucket_is_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        SplitConfig(test=0)

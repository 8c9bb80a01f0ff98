from collections import Counter

import pytest
import tensorflow as tf
from pydantic import ValidationError
from tfx.components.example_gen import base_example_gen_executor
from tfx.proto import example_gen_pb2

from schema import features
from schema.splits import EVAL, STOP, TEST, TRAIN, SplitConfig


def by_tfx(pid: bytes, config: SplitConfig) -> str:
    """The split that TFX's ExampleGen gives a playlist."""
    example = tf.train.Example()
    example.features.feature[features.PID].bytes_list.value[:] = [pid]
    sizes = [config.train, config.eval, config.test]
    buckets = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    partitioning = example_gen_pb2.SplitConfig(partition_feature_name=features.PID)
    index = base_example_gen_executor._PartitionFn(example, len(sizes), buckets, partitioning)
    return (TRAIN, EVAL, TEST)[index]


@pytest.mark.parametrize("sizes", [(80, 10, 10), (70, 20, 10), (39, 1, 1), (1, 1, 1)])
def test_a_playlist_has_the_side_that_tfx_gives_it(sizes):
    config = SplitConfig(train=sizes[0], eval=sizes[1], test=sizes[2], stop=0)
    for pid in [*range(300), 999_999, 2**63 - 1]:
        value = str(pid).encode()
        assert config.split_of(value) == by_tfx(value, config)


def test_any_text_may_be_an_identity():
    config = SplitConfig(stop=0)
    for value in (b"", b"listener:7f3a", "Ä".encode() * 62):
        assert config.split_of(value) == by_tfx(value, config)
    with pytest.raises(ValueError, match="126 bytes"):
        config.split_of(b"x" * 126)


def test_the_shares_are_those_of_the_buckets():
    counts = Counter(SplitConfig().split_of(str(pid).encode()) for pid in range(10_000))
    assert counts["train"] == pytest.approx(7680, abs=150)
    assert counts["stop"] == pytest.approx(320, abs=60)
    assert counts["eval"] == pytest.approx(1000, abs=120)


def splits(**config) -> list[str]:
    return [SplitConfig(**config).split_of(str(pid).encode()) for pid in range(4000)]


@pytest.mark.parametrize("sizes", [(80, 10, 10), (195, 4, 1), (1, 1, 1)])
def test_stop_is_cut_from_train_alone_and_grows_at_its_end(sizes):
    buckets = dict(zip((TRAIN, EVAL, TEST), sizes, strict=True))
    before = splits(**buckets, stop=0)
    assert STOP not in before
    for share in (0.001, 0.04, 0.25, 0.5):
        after = splits(**buckets, stop=share)
        for earlier, now in zip(before, after, strict=True):
            assert now == earlier or (earlier, now) == (TRAIN, STOP)
        fitted = before.count(TRAIN) + before.count(STOP)
        assert after.count(STOP) == pytest.approx(share * fitted, abs=4 * (share * fitted) ** 0.5)
        before = after


def test_stop_takes_the_last_buckets_of_train():
    # Of 80 buckets a quarter is 60 to 79, and an eighth 70 to 79.
    for share, left in ((0.25, 60), (0.125, 70)):
        parted = splits(train=left, eval=90 - left, test=10, stop=0)
        after = splits(train=80, eval=10, test=10, stop=share)
        assert [split == TRAIN for split in after] == [split == TRAIN for split in parted]


@pytest.mark.parametrize("share", [-0.01, 0.51, float("nan")])
def test_a_share_that_leaves_too_little_is_refused(share):
    with pytest.raises(ValidationError, match="stop"):
        SplitConfig(stop=share)


def test_a_split_without_a_bucket_is_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        SplitConfig(test=0)

"""The one spelling of every split, and the rule that gives a playlist its side."""

from __future__ import annotations

import bisect
import hashlib
import itertools
from typing import Annotated, Final

import pydantic

from schema.options import Options

TRAIN: Final = "train"
EVAL: Final = "eval"
TEST: Final = "test"
SPLITS: Final = (TRAIN, EVAL, TEST)

#: The split that decides the blessing, and the one that is only reported.
DECIDING: Final = EVAL
REPORTED: Final = TEST

# The longest value whose lengths a serialised Feature writes in one byte each.
_MAX_KEY_BYTES: Final = 125


# Finer shares than one in 30,000 would be split by chance rather than by share.
Buckets = Annotated[int, pydantic.Field(ge=1, le=10_000)]


class SplitConfig(Options):
    """Hash buckets of pids for each split; their sum is the number of buckets."""

    train: Buckets = pydantic.Field(80, description="buckets of the train split")
    eval: Buckets = pydantic.Field(10, description="buckets of the split that decides the blessing")
    test: Buckets = pydantic.Field(10, description="buckets of the split for reporting")

    def split_of(self, pid: bytes) -> str:
        """Returns the split of a playlist.

        It follows from the pid alone, so a playlist keeps its side from run to run and as data
        grows. The rule is that of TFX's ExampleGen with `partition_feature_name`: SHA-256 of the
        feature as a serialised `tf.train.Feature`, modulo the number of buckets.

        Args:
            pid: the value of the feature `pid`, at most 125 bytes.

        Raises:
            ValueError: when it is longer.
        """
        if len(pid) > _MAX_KEY_BYTES:
            raise ValueError(f"pid: {len(pid)} bytes are more than {_MAX_KEY_BYTES}")
        # A Feature (field 1: BytesList) of a BytesList (field 1: the value).
        values = b"\n%c" % len(pid) + pid
        feature = b"\n%c" % len(values) + values
        ends = list(itertools.accumulate(getattr(self, split) for split in SPLITS))
        bucket = int.from_bytes(hashlib.sha256(feature).digest(), "big") % ends[-1]
        return SPLITS[bisect.bisect(ends, bucket)]

"""The one spelling of every split, and the rule that gives a playlist its side."""

from __future__ import annotations

import bisect
import hashlib
import itertools
from typing import Annotated, Final

import pydantic

from schema.options import Options

TRAIN: Final = "train"
STOP: Final = "stop"
EVAL: Final = "eval"
TEST: Final = "test"

#: What models are fitted to: stop chooses when training ends, and is then fitted to like train.
FITTED: Final = (TRAIN, STOP)
#: What no model ever sees.
HELD_OUT: Final = (EVAL, TEST)
SPLITS: Final = (*FITTED, *HELD_OUT)

#: The split that decides the blessing, and the one that is only reported.
DECIDING: Final = EVAL
REPORTED: Final = TEST

# The longest value whose lengths a serialised Feature writes in one byte each.
_MAX_KEY_BYTES: Final = 125


# Places within a bucket, of which stop takes the last ones.
_PLACES: Final = 2**32

# Finer shares than one in 30,000 would be split by chance rather than by share.
Buckets = Annotated[int, pydantic.Field(ge=1, le=10_000)]


class SplitConfig(Options):
    """Hash buckets of pids for train, eval and test; stop is cut from the end of train's.

    So no playlist crosses into or out of eval or test, whatever stop's share is.
    """

    train: Buckets = pydantic.Field(80, description="buckets of the train split, stop included")
    eval: Buckets = pydantic.Field(10, description="buckets of the split that decides the blessing")
    test: Buckets = pydantic.Field(10, description="buckets of the split for reporting")
    stop: float = pydantic.Field(
        0.04,
        ge=0,
        le=0.5,
        description="share of train's playlists on which training chooses its number of epochs, "
        "before it is fitted to them too; 0: all configured epochs are run",
    )

    @property
    def buckets(self) -> dict[str, int]:
        """The buckets by split: by these alone a playlist is fitted to or held out."""
        return {TRAIN: self.train, EVAL: self.eval, TEST: self.test}

    def split_of(self, pid: bytes) -> str:
        """Returns the split of a playlist.

        It follows from the pid alone, so a playlist keeps its side from run to run and as data
        grows. The rule is that of TFX's ExampleGen with `partition_feature_name`: SHA-256 of the
        feature as a serialised `tf.train.Feature`, modulo the number of buckets. Stop has the
        last places of train's buckets, by what the modulo leaves over.

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
        ends = list(itertools.accumulate(self.buckets.values()))
        digest = int.from_bytes(hashlib.sha256(feature).digest(), "big")
        rest, bucket = divmod(digest, ends[-1])
        split = list(self.buckets)[bisect.bisect(ends, bucket)]
        place = bucket + rest % _PLACES / _PLACES
        return STOP if split == TRAIN and place >= self.train * (1 - self.stop) else split

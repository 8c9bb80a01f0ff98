"""Whether what is read to train on is what Transform wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

import tensorflow as tf

from schema.documents import COUNTS_FILE, Amount, RunCounts, SplitCounts, StageCounts

_FOLDER: Final = "Split-"


def check(patterns: Iterable[str], read: Amount) -> None:
    """Compares what was read with the counts beside the folders of splits, where there are any.

    Files that do not lie in such a folder, or that another Transform than ours wrote, have none.

    Args:
        patterns: of the files of one split.
        read: how many playlists and entries they held.

    Raises:
        CountsError: if these are not as many as were written.
    """
    for pattern in patterns:
        folder = os.path.dirname(pattern)
        path = os.path.join(os.path.dirname(folder), COUNTS_FILE)
        if not os.path.basename(folder).startswith(_FOLDER) or not tf.io.gfile.exists(path):
            continue
        with tf.io.gfile.GFile(path) as file:
            written = RunCounts.model_validate_json(file.read())
        split = os.path.basename(folder).removeprefix(_FOLDER)
        stage = StageCounts(stage="Training data", splits={split: SplitCounts(read=read)})
        written.followed_by(stage)

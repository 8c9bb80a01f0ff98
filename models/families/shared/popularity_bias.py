"""The knob that trades accuracy for the long tail, as every family that has it applies it."""

from __future__ import annotations

import numpy as np


def popularity_bias(counts: np.ndarray, strength: float) -> np.ndarray:
    """What is added to each track's score: strength times log(count) / log(highest count).

    Args:
        counts: int64 [N], how often train's playlists hold each track.
        strength: below 0 for the long tail, above 0 for the popular.

    Returns:
        float32 [N].
    """
    logs = np.log(np.maximum(counts, 1)) / np.log(max(2, int(counts.max(initial=1))))
    return (strength * logs).astype(np.float32)

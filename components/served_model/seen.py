"""How many of the playlists that decide a model may have been trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from schema.splits import SplitConfig


def seen_share(split: SplitConfig, trained: Mapping[str, Any] | None) -> float | None:
    """The share of the eval split that was train under the split of another model.

    Both are ranges of one hash of the pid, `split.train` buckets from 0 and then `split.eval`, so
    the share is exact: it is a matter of arithmetic and not of which playlists there are.

    Args:
        split: that of this run.
        trained: that of the model's card; what else it holds than train, eval and test does not
            move their ranges.

    Returns:
        A share from 0 to 1; None where the card does not say.
    """
    stated = [(trained or {}).get(name) for name in split.buckets]
    sides = [side for side in stated if isinstance(side, int) and side > 0]
    if len(sides) < len(stated):
        return None
    total, other_total = sum(split.buckets.values()), sum(sides)
    # Of the hashes with remainder a by `total`, those by `other_total` are the remainders that
    # agree with a by the common divisor, each equally often (the Chinese remainder theorem).
    common = math.gcd(total, other_total)
    seen = 0
    for bucket in range(split.train, split.train + split.eval):
        # How many of 0 .. train - 1 agree with the bucket.
        first = bucket % common
        seen += max(0, -(-(sides[0] - first) // common))
    return seen * common / (split.eval * other_total)

"""How many of the playlists that are held out a model may have been trained on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from schema.splits import EVAL, SplitConfig


class Seen(NamedTuple):
    """What one of the splits under which a model was trained let it see.

    Attributes:
        share: of the playlists of a side, from 0 to 1; None where that is not known.
        trained: the split under which they were train.
    """

    share: float | None
    trained: Mapping[str, Any] | None


def worst(
    split: SplitConfig, trained: Iterable[Mapping[str, Any] | None], side: str = EVAL
) -> Seen:
    """The split, of those under which a model and what it started from were trained, to fear most.

    Args:
        split: that of this run.
        trained: those of the model's card.
        side: of this run.

    Returns:
        One under which it saw playlists of the side; else one that is not known; else any.
    """
    found = [Seen(seen_share(split, each, side), each) for each in trained]
    return max(found, key=lambda each: (bool(each.share), each.share is None, each.share or 0.0))


def words(split: SplitConfig, seen: Seen, side: str = EVAL) -> str:
    """Says under which split a model has seen playlists of a side, and how many of them."""
    sides = seen.trained or {}
    trained = ", ".join(f"{name} {sides[name]}" for name in split.buckets)
    share = seen.share or 0.0
    some = f"{share:.0%}" if share >= 0.005 else "some"
    return (
        f"under another split ({trained}), under which {some} of this run's "
        f"{side} playlists were its train playlists"
    )


def seen_share(
    split: SplitConfig, trained: Mapping[str, Any] | None, side: str = EVAL
) -> float | None:
    """The share of a held-out split that was train under the split of another model.

    Both are ranges of one hash of the pid, `split.train` buckets from 0, then `split.eval` and
    `split.test`, so the share is exact: it is a matter of arithmetic and not of which playlists
    there are.

    Args:
        split: that of this run.
        trained: that of the model's card; what else it holds than train, eval and test does not
            move their ranges.
        side: eval or test.

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
    first_bucket = split.train if side == EVAL else split.train + split.eval
    size, seen = split.buckets[side], 0
    for bucket in range(first_bucket, first_bucket + size):
        # How many of 0 .. train - 1 agree with the bucket.
        first = bucket % common
        seen += max(0, -(-(sides[0] - first) // common))
    return seen * common / (size * other_total)

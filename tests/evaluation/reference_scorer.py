"""The rules of the RecSys Challenge 2018, a playlist at a time, in plain Python.

`evaluation/` scores whole batches as matrices; the tests hold it against this, which is written to
be read. Its own values are worked out by hand in `test_reference_scorer.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

DEPTH = 500
TRACKS_PER_PAGE = 10


def score_playlist(recommended: Sequence[str], withheld: Sequence[str]) -> dict[str, float]:
    """Every metric of the challenge that needs no artists.

    Args:
        recommended: up to 500 track URIs, best first, none of them twice.
        withheld: the track URIs to be found, at least one; one that occurs twice counts once.

    Returns:
        r_precision, ndcg, clicks and recall at 10, 100 and 500. All but clicks are at most 1.
    """
    wanted = set(withheld)
    ranks = [rank for rank, uri in enumerate(recommended, start=1) if uri in wanted]
    ideal_ranks = range(1, min(len(wanted), DEPTH) + 1)

    def found(depth: int) -> float:
        return len([rank for rank in ranks if rank <= depth]) / len(wanted)

    def gain(at: Sequence[int]) -> float:
        return sum(1 / log2(1 + rank) for rank in at)

    return {
        "r_precision": found(len(wanted)),
        "ndcg": gain(ranks) / gain(ideal_ranks),
        # A page shows ten tracks; whoever finds nothing on 50 pages has clicked once more.
        "clicks": (ranks[0] - 1) // TRACKS_PER_PAGE if ranks else DEPTH // TRACKS_PER_PAGE + 1,
        **{f"recall@{depth}": found(depth) for depth in (10, 100, 500)},
    }

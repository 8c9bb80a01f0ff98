"""What tuning may change of the item-kNN family."""

from __future__ import annotations

from models.families.item_knn.params import Params
from models.families.search_space import Choice, Dimension, Real, SearchSpace


def search_space(params: Params) -> SearchSpace:
    """The number of neighbours, and BM25's own parameters where that is the similarity."""
    space: list[Dimension] = [Choice("neighbours", (50, 100, 200, 400, 800))]
    if params.similarity == "bm25":
        space += [Real("bm25_k1", 0.3, 5.0, log=True), Real("bm25_b", 0.0, 0.6)]
    return tuple(space)

"""What tuning may change of the two-tower family."""

from __future__ import annotations

from models.families.search_space import Choice, Dimension, Real, SearchSpace
from models.families.two_tower.params import Params


def search_space(params: Params) -> SearchSpace:
    """The parameters that count beside those configured, in ranges around the best known values.

    docs/accuracy.md has what was tried; the ranges reach well beyond it, but not to where a
    parameter is known to do harm.
    """
    space: list[Dimension] = [Choice("factors", (64, 96, 128, 192, 256))]
    if params.start.method != "random":
        space += [
            Real("start.artist_weight", 0.1, 1.5),
            Real("start.popularity_damping", 0.0, 0.6),
            Real("start.length_damping", 0.0, 0.6),
            Real("start.artist_share", 0.0, 0.4),
        ]
        # Off by default: not every data set has albums, or followers that say something.
        if params.start.album_weight > 0:
            space += [Real("start.album_weight", 0.1, 1.5), Real("start.album_share", 0.0, 0.4)]
        if params.start.followers_weight > 0:
            space.append(Real("start.followers_weight", 0.0, 0.5))
    if params.start.method == "als":
        space += [
            Real("start.regularization", 3.0, 100.0, log=True),
            Real("start.alpha", 10.0, 100.0, log=True),
        ]
    if params.fold_in:
        space.append(Real("title_strength", 0.01, 1.0, log=True))
    if params.trained and params.epochs > 0:
        space.append(Real("learning_rate", 3e-6, 3e-4, log=True))
    return tuple(space)

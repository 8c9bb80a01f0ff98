"""Chance in the order of a shelf, and with which chance each slot shows what it shows.

Each slot is drawn given those before it, so its propensity is exact given the shown prefix; the
propensities of a list multiply to the chance of the whole list.

Plackett-Luce: of the tracks R that are left, track i stands in the next slot with the chance
exp(s_i / T) / sum over j in R of exp(s_j / T). R. L. Plackett, The Analysis of Permutations,
Applied Statistics 24 (1975), and R. D. Luce, Individual Choice Behavior (1959).

Epsilon: with the chance e any of the m tracks that are left, each as likely; otherwise the best of
them. So the best one has 1 - e + e / m, every other one e / m.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from gateway.configuration import Randomise
from listening.recommending import Filled


def drawn(
    options: Randomise,
    filled: Filled,
    scores: Mapping[int, float],
    count: int,
    chance: np.random.Generator,
) -> tuple[list[int], list[float]]:
    """Draws the first slots of a list, shelf by shelf: a shelf keeps its place and its tracks.

    Args:
        options: how.
        filled: the list, each shelf with its best track first.
        scores: of the model, by track. A shelf with a track that has no finite one is drawn by its
            order, as if its k-th track had the score -log(k).
        count: slots, as many as the list has tracks at most.
        chance: where draws come from.

    Returns:
        As of `plackett_luce`, places in the list.
    """
    order: list[int] = []
    propensities: list[float] = []
    for _, shelf in itertools.groupby(range(len(filled.places)), filled.shelves.__getitem__):
        on = list(shelf)
        wanted = min(len(on), count - len(order))
        if options.by == "epsilon":
            places, chances = epsilon_greedy(len(on), options.epsilon, chance, wanted)
        else:
            told = [scores.get(filled.places[place]) for place in on]
            found = [score for score in told if score is not None and math.isfinite(score)]
            if len(found) < len(on):
                found = [-math.log(rank) for rank in range(1, len(on) + 1)]
            places, chances = plackett_luce(found, options.temperature, chance, wanted)
        order += [on[place] for place in places]
        propensities += chances
    return order, propensities


def plackett_luce(
    scores: Sequence[float], temperature: float, chance: np.random.Generator, count: int
) -> tuple[list[int], list[float]]:
    """Draws the first slots of a shelf.

    Args:
        scores: of its tracks, finite.
        temperature: by what they are divided; near 0 nothing is left to chance.
        chance: where draws come from.
        count: slots, as many as there are tracks at most.

    Returns:
        The places of tracks in the order of slots, and the propensity of each.
    """
    scaled = np.asarray(scores, np.float64) / temperature
    left = np.arange(len(scaled))
    places, propensities = [], []
    for _ in range(count):
        # Of what is left, so that the greatest is never lost in another's shadow.
        weights = np.exp(scaled[left] - scaled[left].max())
        chances = weights / weights.sum()
        drawn = int(chance.choice(len(left), p=chances))
        places.append(int(left[drawn]))
        propensities.append(float(chances[drawn]))
        left = np.delete(left, drawn)
    return places, propensities


def epsilon_greedy(
    total: int, epsilon: float, chance: np.random.Generator, count: int
) -> tuple[list[int], list[float]]:
    """Draws the first slots of a shelf whose tracks are the best first.

    Args:
        total: tracks of the shelf.
        epsilon: the chance of any track in a slot.
        chance: where draws come from.
        count: slots, as many as there are tracks at most.

    Returns:
        As of `plackett_luce`.
    """
    left = list(range(total))
    places, propensities = [], []
    for _ in range(count):
        explores = chance.random() < epsilon
        drawn = int(chance.integers(len(left))) if explores else 0
        any_track = epsilon / len(left)
        propensities.append(any_track + (1 - epsilon if drawn == 0 else 0.0))
        places.append(left.pop(drawn))
    return places, propensities

"""When a listener listens: sessions over the hours of the days."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from sample.listeners.kinds import DAY, HOUR, START, WorldSize
from sample.listeners.people import Listener

#: How many sessions begin in each hour, relative to each other: two ways to work and an evening;
#: a late morning and a long night.
WORKDAY: Final = np.array(
    [2, 1, 1, 1, 1, 2, 5, 9, 10, 6, 5, 5, 6, 6, 5, 6, 8, 10, 9, 8, 9, 9, 7, 4], dtype=float
)
WEEKEND: Final = np.array(
    [6, 4, 3, 2, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9, 10, 10, 9, 8], dtype=float
)
#: How many sessions there are on each day of the week, Monday first, relative to each other.
WEEK: Final = np.array([0.9, 0.92, 0.95, 1.0, 1.2, 1.13, 0.9])
LONGEST_SESSION: Final = 60  # tracks


@functools.lru_cache(maxsize=32)
def intensity(days: int, shift: int) -> np.ndarray:
    """Sessions of each hour of the days, for a listener who has one a day in the mean of a week.

    Args:
        days: how many.
        shift: hours by which the listener's day is later.

    Returns:
        float64 [24 * days].
    """
    first = START.weekday()
    hours = []
    for day in range(days):
        weekday = (first + day) % 7
        profile = WEEKEND if weekday >= 5 else WORKDAY
        hours.append(np.roll(profile / profile.sum(), shift) * WEEK[weekday] / WEEK.mean())
    return np.concatenate(hours)


def draw_sessions(
    size: WorldSize, listener: Listener, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draws a listener's sessions.

    Returns:
        When each begins, in microseconds since 1970, ascending: int64 [S]; and how many tracks each
        has: int64 [S].
    """
    rates = listener.sessions_per_day * intensity(size.days, listener.shift)
    rates[: 24 * max(0, listener.joined)] = 0.0
    summed = np.cumsum(rates)
    count = int(rng.poisson(summed[-1]))
    hours = np.searchsorted(summed, rng.random(count) * summed[-1], side="right")
    starts = size.start + np.sort(hours * HOUR + rng.integers(HOUR, size=count))
    tracks = rng.geometric(1 / listener.tracks_per_session, count)
    return starts, np.minimum(tracks, LONGEST_SESSION)


def day_of(size: WorldSize, times: np.ndarray) -> np.ndarray:
    """The day of each time, from 0; times after the last day count for it."""
    return np.minimum((times - size.start) // DAY, size.days - 1)

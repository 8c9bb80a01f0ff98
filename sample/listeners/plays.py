"""What a listener plays, and what comes of it.

A play comes from the listener's library, or is a find. Where a find comes from is decided by the
popularity of each cell on that day times exp(focus * taste . cell); within it popularity decides
alone. The chance of a skip is expit(logit(skip_rate) - 3 * (a - m)), where a = taste . track and
m is the mean of that over what the listener plays; a track of the library is skipped a third as
often. A stream is heard to its end four times in five.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from scipy.special import expit, logit

from sample.listeners.catalogue import Catalogue
from sample.listeners.clock import day_of, draw_sessions
from sample.listeners.kinds import PLAYS, WorldSize
from sample.listeners.people import Listener

SOURCES: Final = ("library", "playlist", "album", "artist", "search")
_FINDS: Final = np.cumsum([0.5, 0.2, 0.15, 0.15])  # of sources but the library
_SKIP_SLOPE: Final = 3.0
_LIBRARY_SKIPS: Final = 1 / 3
_TO_THE_END: Final = 0.8
_BREAK: Final = 1_000_000  # microseconds between two tracks
_PAUSE: Final = 60_000_000  # between two sessions, at least


@dataclasses.dataclass(frozen=True)
class Plays:
    """N plays of a listener, in order.

    Attributes:
        time: int64 [N], when each ended, in microseconds since 1970.
        track: int64 [N], of the catalogue.
        session: int64 [N], the number of the session.
        ms_played: int64 [N].
        is_skip: bool [N].
        source: int64 [N], of SOURCES.
        affinity: float64 [N], taste . track less its mean.
    """

    time: np.ndarray
    track: np.ndarray
    session: np.ndarray
    ms_played: np.ndarray
    is_skip: np.ndarray
    source: np.ndarray
    affinity: np.ndarray


def draw_plays(size: WorldSize, catalogue: Catalogue, listener: Listener) -> Plays:
    """Draws all that a listener plays."""
    rng = np.random.default_rng([size.seed, PLAYS, listener.number])
    starts, counts = draw_sessions(size, listener, rng)
    session = np.repeat(np.arange(len(starts)), counts)
    plays = len(session)
    day = day_of(size, starts)[session]
    track = _finds(catalogue, listener, rng, day)
    library = _library(catalogue, listener, rng)
    # Some of the library are played far more often than others.
    owned = library[(len(library) * rng.random(plays) ** 2.5).astype(np.int64)]
    is_owned = rng.random(plays) < listener.repeat_share
    track = np.where(is_owned, owned, track)
    affinity = (catalogue.vectors[track] @ listener.taste).astype(np.float64)
    affinity -= affinity.mean() if plays else 0.0
    skips = skip_chance(listener, affinity) * np.where(is_owned, _LIBRARY_SKIPS, 1.0)
    is_skip = rng.random(plays) < skips
    source = 1 + np.searchsorted(_FINDS[:-1], rng.random(plays), side="right")
    duration = catalogue.duration_ms[track].astype(np.int64)
    heard = np.where(rng.random(plays) < _TO_THE_END, 1.0, rng.uniform(0.5, 1.0, plays))
    skipped = np.minimum(rng.uniform(2_000, 30_000, plays), 0.45 * duration)
    ms_played = np.where(is_skip, skipped, heard * duration).astype(np.int64)
    time = _ends(starts, counts, ms_played * 1_000 + _BREAK)
    inside = time < size.end
    return Plays(
        time=time[inside],
        track=track[inside],
        session=session[inside],
        ms_played=ms_played[inside],
        is_skip=is_skip[inside],
        source=np.where(is_owned, 0, source)[inside],
        affinity=affinity[inside],
    )


def skip_chance(listener: Listener, affinity: np.ndarray) -> np.ndarray:
    """The chance that a listener skips a find.

    Args:
        listener: who plays it.
        affinity: float64 [N], taste . track less what is usual.
    """
    return expit(logit(listener.skip_rate) - _SKIP_SLOPE * affinity)


def _preference(catalogue: Catalogue, listener: Listener) -> np.ndarray:
    """How much more than by popularity alone each cell is played: float64 [J]."""
    product = (catalogue.cell_vectors @ listener.taste).astype(np.float64)
    return np.exp(listener.habits.focus * product)


def _finds(
    catalogue: Catalogue, listener: Listener, rng: np.random.Generator, day: np.ndarray
) -> np.ndarray:
    chances = catalogue.cell_weights * _preference(catalogue, listener)
    summed = np.cumsum(chances, axis=1)
    summed /= summed[:, -1:]
    # Row d is moved to (d, d + 1], so that one search serves all days.
    flat = (summed + np.arange(len(summed))[:, None]).ravel()
    cell = np.searchsorted(flat, day + rng.random(len(day)), side="right")
    cell = np.clip(cell - day * summed.shape[1], 0, summed.shape[1] - 1)
    return catalogue.draw(day, cell, rng.random(len(day)))


def _library(catalogue: Catalogue, listener: Listener, rng: np.random.Generator) -> np.ndarray:
    """What the listener loved before: the first day's finds, which were out by then."""
    first = np.zeros(listener.habits.library, dtype=np.int64)
    return _finds(catalogue, listener, rng, first)


def _ends(starts: np.ndarray, counts: np.ndarray, lasts: np.ndarray) -> np.ndarray:
    """When each play ends; a session begins when the one before it is over."""
    ends = np.cumsum(lasts)
    if not len(ends):
        return ends
    last = np.cumsum(counts)
    before = np.concatenate([[0], ends[last[:-1] - 1]])
    length = ends[last - 1] - before
    begin, free = np.empty(len(starts), dtype=np.int64), 0
    for session, (start, lasting) in enumerate(zip(starts.tolist(), length.tolist(), strict=True)):
        begin[session] = max(start, free)
        free = begin[session] + lasting + _PAUSE
    return ends + np.repeat(begin - before, counts)

"""A word on why a track is in a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from listening.recommending.tracks import Tracks

_SEEDS: Final = 50  # of the last tracks, among which the nearest ones are looked for
_NAMED: Final = 2  # of the nearest


class Known(Protocol):
    """What reasons are found in."""

    @property
    def tracks(self) -> Tracks:
        """Of the table."""

    @property
    def vectors(self) -> np.ndarray | None:
        """float32 [n, d] of length 1; None where the model has none."""


def of_model(chosen: Sequence[int], seeds: np.ndarray, known: Known) -> list[str]:
    """Why a model has found tracks: the nearest seeds, or else the same artist.

    Args:
        chosen: places of tracks.
        seeds: int64, places of what the listener heard last; one at least.
        known: of tracks.
    """
    if not chosen:
        return []
    seeds = seeds[:_SEEDS]
    if known.vectors is not None:
        return _nearest(list(chosen), seeds, known.vectors, known.tracks)
    artists = set(known.tracks.artist[seeds].tolist())
    return [_by_artist(place, artists, known.tracks) for place in chosen]


def _nearest(
    chosen: list[int], seeds: np.ndarray, vectors: np.ndarray, tracks: Tracks
) -> list[str]:
    # Not by BLAS, whose threads cost more than so small a product, and which rounds as it likes.
    products = np.einsum("cd,sd->cs", vectors[chosen], vectors[seeds])
    order = np.argsort(-products, axis=1, kind="stable")[:, :_NAMED]
    near = np.take_along_axis(products, order, axis=1) > 0
    named = seeds[order].tolist()
    artists = set(tracks.artist[seeds].tolist())
    told = []
    for place, places, are in zip(chosen, named, near.tolist(), strict=True):
        names = [tracks.quoted(seed) for seed, is_near in zip(places, are, strict=True) if is_near]
        told.append(f"near {' and '.join(names)}" if names else _by_artist(place, artists, tracks))
    return told


def _by_artist(place: int, artists: set[int], tracks: Tracks) -> str:
    if int(tracks.artist[place]) in artists:
        return f"more by {tracks.label(place)[1]}, whom you played"
    return "goes with what you played"

"""The provider's side: whose tracks are shown, and how well known they are."""

from __future__ import annotations

import bisect
from collections import Counter
from typing import Final

import numpy as np

from schema.documents import Exposure, ExposureShare

#: Places of a list that are shown at once.
SLOTS: Final = 10
#: Upper bounds of groups of tracks by how many of train's playlists hold them.
_BOUNDS: Final = (0, 1, 5, 20, 100)
_LABELS: Final = ("0", "1", "2-5", "6-20", "21-100", "101+")
# What a slot is worth: 1 / log2(1 + rank), rank from 1.
_WORTH: Final = 1 / np.log2(np.arange(2, SLOTS + 2))


class ExposureCounts:
    """Adds up what the first places of lists show, beside what was withheld.

    A slot at rank r is worth 1 / log2(1 + r) (Singh and Joachims, Fairness of exposure in rankings,
    KDD 2018), a withheld track the same share of its playlist. An accumulator that can be merged:
    it holds a number for each artist that was shown or withheld.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._shown: tuple[Counter[bytes], Counter[int]] = (Counter(), Counter())
        self._withheld: tuple[Counter[bytes], Counter[int]] = (Counter(), Counter())
        self._tracks: Counter[int] = Counter()
        self._found: Counter[int] = Counter()

    def add_list(self, artists: np.ndarray, playlists: np.ndarray) -> None:
        """Counts what a playlist was recommended.

        Args:
            artists: bytes [K], of the tracks, best first; b"" where unknown.
            playlists: int [K], how many of train's playlists hold each; -1 where there is no track.
        """
        _add(self._shown, artists[:SLOTS], playlists[:SLOTS], _WORTH)

    def add_withheld(self, artists: np.ndarray, playlists: np.ndarray, found: np.ndarray) -> None:
        """Counts what was withheld of a playlist.

        Args:
            artists: bytes [W], or [0] where no artist is known.
            playlists: int [W], how many of train's playlists hold each track.
            found: bool [W], whether the list has it.
        """
        groups = [bisect.bisect_left(_BOUNDS, held) for held in playlists.tolist()]
        self._tracks.update(groups)
        self._found.update(group for group, hit in zip(groups, found, strict=True) if hit)
        worth = np.full(len(playlists), 1 / max(len(playlists), 1))
        known = artists if len(artists) == len(playlists) else np.full(len(playlists), b"", object)
        _add(self._withheld, known, playlists, worth)

    def merge(self, other: ExposureCounts) -> ExposureCounts:
        """Takes in what another has counted."""
        for mine, theirs in ((self._shown, other._shown), (self._withheld, other._withheld)):
            mine[0].update(theirs[0])
            mine[1].update(theirs[1])
        self._tracks.update(other._tracks)
        self._found.update(other._found)
        return self

    def summary(self) -> Exposure:
        """What the counts say; null where nothing was counted."""
        shown, withheld = (_shares(groups) for _, groups in (self._shown, self._withheld))
        return Exposure(
            artists=len(self._shown[0]),
            withheld_artists=len(self._withheld[0]),
            artists_of_half=artists_of_half(self._shown[0]),
            withheld_artists_of_half=artists_of_half(self._withheld[0]),
            by_popularity=[
                ExposureShare(
                    playlists=label,
                    shown=shown[group],
                    withheld=withheld[group],
                    found=self._found[group] / self._tracks[group] if self._tracks[group] else None,
                )
                for group, label in enumerate(_LABELS)
            ],
        )


def artists_of_half(exposure: Counter[bytes]) -> int | None:
    """The fewest artists that have half of all exposure; None where there is none."""
    values = -np.sort(-np.fromiter(exposure.values(), np.float64, len(exposure)))
    if not values.sum():
        return None
    # Rounding of a sum must not ask for one artist more.
    return int(np.searchsorted(np.cumsum(values), values.sum() / 2 * (1 - 1e-9))) + 1


def _add(
    counts: tuple[Counter[bytes], Counter[int]],
    artists: np.ndarray,
    playlists: np.ndarray,
    worth: np.ndarray,
) -> None:
    by_artist, by_group = counts
    for artist, held, value in zip(
        artists.tolist(), playlists.tolist(), worth[: len(playlists)].tolist(), strict=True
    ):
        if held < 0:
            continue
        by_group[bisect.bisect_left(_BOUNDS, held)] += value
        if artist:
            by_artist[artist] += value


def _shares(groups: Counter[int]) -> list[float | None]:
    total = sum(groups.values())
    return [groups[group] / total if total else None for group in range(len(_LABELS))]

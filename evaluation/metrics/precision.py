"""R-precision, at the level of tracks and with credit for the artist."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric, ratio
from evaluation.metrics.batch import Recommendations

_SOURCE = "Chen, Lamere, Schedl and Zamani, RecSys Challenge 2018 (RecSys 2018), section 3"


def _among_first_relevant(batch: Recommendations, hits: np.ndarray) -> np.ndarray:
    """How many of `hits` are among the first |G| recommendations."""
    ranks = np.arange(hits.shape[1])
    return (hits & (ranks < batch.num_relevant[:, np.newaxis])).sum(axis=1)


@dataclasses.dataclass(frozen=True)
class RPrecision(Metric):
    """|first |G| recommendations ∩ G| / |G|, G the withheld tracks."""

    name: str = "r_precision"
    label: str = "R-precision"
    meaning: str = "Share of withheld tracks among as many recommendations."
    short: str = "R-prec"
    span = 1.0
    source = _SOURCE

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        return ratio(_among_first_relevant(batch, batch.hits), batch.num_relevant)

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray:
        """See `Metric.ceiling`."""
        return ratio(reachable, total)

    def without_unreachable(
        self, values: np.ndarray, total: np.ndarray, reachable: np.ndarray
    ) -> np.ndarray:
        """See `Metric.without_unreachable`; the cut stays at the number of all withheld tracks."""
        return values * ratio(total, reachable)


@dataclasses.dataclass(frozen=True)
class RPrecisionArtist(Metric):
    """(|S ∩ G| + credit · |artists of S ∩ artists of G|) / |G|, S the first |G| recommendations.

    The challenge's variant, as published: a right artist counts once, whether or not the track was
    right as well, so that a perfect list scores more than 1. NaN where artists are not known.

    Attributes:
        artist_credit: what a right artist is worth in tracks.
    """

    name: str = "r_precision_artist"
    label: str = "R-precision (artist credit)"
    meaning: str = "As R-precision, a right artist counts a quarter."
    brief: bool = False
    tested: bool = False
    artist_credit: float = 0.25
    needs = frozenset({"artists"})
    span = 1.25  # a right artist for each right track
    source = (
        "Zamani, Schedl, Lamere and Chen, An Analysis of Approaches Taken in the ACM RecSys "
        "Challenge 2018 (ACM TIST 10(5), 2019; arXiv:1810.01520), section 4.2"
    )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        if batch.artist_hits is None:
            return np.full(len(batch), np.nan)
        tracks = _among_first_relevant(batch, batch.hits)
        artists = _among_first_relevant(batch, batch.artist_hits)
        return ratio(tracks + self.artist_credit * artists, batch.num_relevant)

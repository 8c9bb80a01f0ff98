"""A batch of recommendations beside the withheld tracks: what every metric reads."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.matching import Rows, encode, first_hits
from schema.signatures import MAX_RECOMMENDATIONS

#: Lists are judged this deep, as in the RecSys Challenge 2018.
DEPTH = MAX_RECOMMENDATIONS


@dataclasses.dataclass(frozen=True)
class Recommendations:
    """P playlists with K recommendations each, best first, and what was withheld.

    Build it with `from_ids`, which also sees to padding and repeats.

    Attributes:
        hits: bool [P, K], whether the recommendation is a withheld track. A track that is
            recommended twice hits once.
        valid: bool [P, K], False where the row is padded.
        num_relevant: int64 [P], distinct withheld tracks. Where it is 0 nothing can be judged
            and every metric of accuracy is NaN.
        popularity: float64 [P, K], share of the train playlists that hold the track, NaN where
            padded; None where it is not known for any.
        artists: int64 [P, K], -1 where padded or unknown; None where not known for any.
        artist_hits: bool [P, K], True at the first recommendation of each artist that has a
            withheld track; None where artists are not known.
    """

    hits: np.ndarray
    valid: np.ndarray
    num_relevant: np.ndarray
    popularity: np.ndarray | None = None
    artists: np.ndarray | None = None
    artist_hits: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.hits)

    @classmethod
    def from_ids(
        cls,
        recommended: np.ndarray,
        relevant: Rows,
        *,
        num_relevant: np.ndarray | None = None,
        popularity: np.ndarray | None = None,
        artists: np.ndarray | None = None,
        relevant_artists: Rows | None = None,
    ) -> Recommendations:
        """Compares recommended with withheld tracks.

        Ids are integers (padding and unknown: negative) or strings, all bytes or all str (padding
        and unknown: empty or None). Padding ends a row; a hole within it keeps its rank.

        Args:
            recommended: ids [P, K], best first.
            relevant: the withheld tracks' ids, repeats counted once.
            num_relevant: int [P], distinct withheld tracks including those that have no id, as
                train never saw them; by default those of `relevant`.
            popularity: see the class.
            artists: ids of the recommended tracks' artists [P, K], integers or strings.
            relevant_artists: ids of the withheld tracks' artists, of the same kind.

        Raises:
            ValueError: shapes or kinds of ids do not fit.
        """
        recommended = np.asarray(recommended)
        if recommended.ndim != 2:
            raise ValueError(f"recommended must be [P, K], not of shape {recommended.shape}")
        codes, relevant_rows, relevant_codes = encode(recommended, relevant)
        valid = codes >= 0
        hits, given = first_hits(codes, relevant_rows, relevant_codes)
        if num_relevant is None:
            num_relevant = given
        elif np.shape(num_relevant) != given.shape or (np.asarray(num_relevant) < given).any():
            raise ValueError("num_relevant must be [P] and no smaller than the tracks given")

        artist_codes = artist_hits = None
        if artists is not None:
            artists = _same_shape("artists", np.asarray(artists), recommended)
            nothing: Rows = [()] * len(artists)
            artist_codes, relevant_rows, relevant_codes = encode(
                artists, nothing if relevant_artists is None else relevant_artists
            )
            artist_codes = np.where(valid, artist_codes, -1)
            if relevant_artists is not None:
                artist_hits, _ = first_hits(artist_codes, relevant_rows, relevant_codes)
        if popularity is not None:
            popularity = np.asarray(popularity, dtype=np.float64)
            popularity = np.where(valid, _same_shape("popularity", popularity, recommended), np.nan)
        return cls(
            hits, valid, np.asarray(num_relevant, np.int64), popularity, artist_codes, artist_hits
        )


def _same_shape(name: str, array: np.ndarray, recommended: np.ndarray) -> np.ndarray:
    if array.shape != recommended.shape:
        raise ValueError(f"{name} must be of shape {recommended.shape}, not {array.shape}")
    return array

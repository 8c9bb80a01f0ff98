"""What holds for every answer, and when two are the same: up to what rounding of floats can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

#: Share of a score, and what is allowed beside it, by which it may be off. Products are added up in
#: another order in another batch, or on another processor, which moved the scores of no family here
#: by more than 1e-6.
RTOL: Final = 1e-5
ATOL: Final = 1e-5


def assert_same_recommendations(
    actual: tuple[Any, Any], expected: tuple[Any, Any], rtol: float = RTOL, atol: float = ATOL
) -> None:
    """Asserts that playlists get the same tracks in the same order, but for ties.

    Scores tie that are as close as rounding may move them. A track must have the same score in both
    answers, as close as that; so only ties may change places. Where an answer fills all its places,
    a track may be in one answer alone if it ties with the last one of the other.

    Args:
        actual: tracks [B, K], ids or URIs, and their scores [B, K], best first; a place with score
            -inf holds no track, whatever stands there.
        expected: the same, to be compared with.
        rtol: share of a score by which it may be off.
        atol: what a score may be off besides.

    Raises:
        AssertionError: if they differ, or if one is not sorted or repeats a track.
    """
    scores, others = np.asarray(actual[1]), np.asarray(expected[1])
    assert scores.shape == others.shape, f"Shapes: {scores.shape} and {others.shape}."
    pairs = zip(actual[0], scores, expected[0], others, strict=True)
    for number, (tracks, mine, other_tracks, theirs) in enumerate(pairs):
        one, other = _by_track(tracks, mine), _by_track(other_tracks, theirs)
        assert len(one) == len(other), f"Row {number} has {len(one)} tracks, not {len(other)}."
        full = len(other) == len(theirs)
        for track in one | other:
            score, wanted = one.get(track), other.get(track)
            if score is None or wanted is None:
                name = "expected" if score is None else "actual"
                assert full, f"Row {number}: only the {name} answer has {track!r}."
                # It would stand behind the last place, and lacks less than rounding to be there.
                score = min(one.values()) if score is None else score
                wanted = min(other.values()) if wanted is None else wanted
            assert np.isclose(score, wanted, rtol, atol), (
                f"Row {number}: {track!r} scores {score:.8g}, not {wanted:.8g}."
            )


def check_answer(seeds: Sequence[str], uris: Sequence[str], scores: Sequence[float]) -> None:
    """The promises that hold for every answer.

    Args:
        seeds: of the playlist.
        uris: K recommended tracks, "" where no candidate is left.
        scores: K scores, -inf where no candidate is left.
    """
    filled = [uri for uri in uris if uri]
    rest = len(uris) - len(filled)
    assert list(uris) == filled + [""] * rest, "A track stands behind an empty place."
    assert len(set(filled)) == len(filled), "A track is recommended twice."
    assert not set(filled) & set(seeds), "A seed is recommended."
    assert list(scores) == sorted(scores, reverse=True), "The best does not come first."
    assert np.isfinite(scores[: len(filled)]).all(), "A track's score is not finite."
    assert list(scores[len(filled) :]) == [-np.inf] * rest, "An empty place has a score."


def _by_track(tracks: Any, scores: np.ndarray) -> dict[Any, float]:
    """Scores of the tracks of one answer."""
    there = scores != -np.inf
    assert not there[np.count_nonzero(there) :].any(), "A place behind an empty one is filled."
    found = dict(zip(np.asarray(tracks)[there].tolist(), scores[there].tolist(), strict=True))
    assert len(found) == np.count_nonzero(there), "A track is there twice."
    assert (np.diff(scores[there]) <= 0).all(), "The best does not come first."
    return found

"""What contract C3 asks of an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from components.infra_check.queries import Query
from schema.signatures import SCORES, TRACK_URIS

#: Share by which scores of the same playlist may differ from one request to another.
_TOLERANCE: Final = 1e-4


class MisshapenAnswerError(ValueError):
    """An answer is not a table of tracks and scores."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """The continuation of one playlist.

    Attributes:
        query: what was asked.
        uris: bytes [K], b"" in places that no track fills.
        scores: float32 [K].
    """

    query: Query
    uris: np.ndarray
    scores: np.ndarray

    @property
    def tracks(self) -> list[bytes]:
        """The recommended tracks, best first."""
        return [uri for uri in self.uris.tolist() if uri]


def read(outputs: Mapping[str, Any], queries: list[Query], size: int) -> list[Answer]:
    """Reads the answers to queries that were asked together.

    Args:
        outputs: TensorProtos by name.
        queries: B queries.
        size: K, as many tracks as every row must have.

    Raises:
        MisshapenAnswerError: they are not string [B, K] and float32 [B, K].
    """
    arrays = []
    for name, dtype in ((TRACK_URIS, tf.string), (SCORES, tf.float32)):
        if name not in outputs:
            raise MisshapenAnswerError(f"output {name!r} is missing; there are {sorted(outputs)}")
        tensor = outputs[name]
        if tensor.dtype != dtype.as_datatype_enum:
            found = tf.dtypes.as_dtype(tensor.dtype).name
            raise MisshapenAnswerError(f"{name} is {found}, not {dtype.name}")
        array = tf.make_ndarray(tensor)
        if array.shape != (len(queries), size):
            raise MisshapenAnswerError(
                f"{name} has shape {list(array.shape)}, not {[len(queries), size]}"
            )
        arrays.append(array)
    return [Answer(*row) for row in zip(queries, *arrays, strict=True)]


def violations(answer: Answer, catalogue_size: int) -> Iterator[tuple[str, str | None]]:
    """Checks one answer.

    Args:
        answer: the answer.
        catalogue_size: N, how many tracks the model knows.

    Yields:
        Name of a check, and what is wrong or None: every check once.
    """
    tracks, scores = answer.tracks, answer.scores
    own = {*answer.query.track_uris, *answer.query.excluded} - {b""}
    shown = [uri for uri in tracks if uri in own]
    yield (
        "own_tracks",
        f"recommends {_text(shown[0])}, which is its own" if shown else None,
    )
    twice = len(tracks) - len(set(tracks))
    yield "repeats", f"recommends {twice} tracks more than once" if twice else None
    yield "order", _disorder(scores)
    filled = answer.uris != b""
    wrong = np.flatnonzero(filled != np.isfinite(scores))
    # Unknown tracks are among its own, so that this is the least that must be left.
    least = min(len(scores), catalogue_size - len(own))
    if len(wrong):
        uri, score = _text(answer.uris[wrong[0]]), scores[wrong[0]]
        yield "filling", f'has "{uri}" with score {score} at place {wrong[0] + 1}'
    elif len(tracks) < least:
        yield "filling", f"has {len(tracks)} tracks, where at least {least} are left"
    else:
        yield "filling", None


def difference(answer: Answer, other: Answer) -> str | None:
    """Says how two answers to the same question differ, or None. Ties may fall either way."""
    if len(answer.tracks) != len(other.tracks):
        return f"gets {len(answer.tracks)} tracks and {len(other.tracks)}"
    close = np.isclose(answer.scores, other.scores, rtol=_TOLERANCE, atol=1e-6)
    if close.all():
        return None
    place = int(np.argmin(close))
    return (
        f"gets a track of score {answer.scores[place]:.6g} at place {place + 1}, "
        f"and one of score {other.scores[place]:.6g}"
    )


def _disorder(scores: np.ndarray) -> str | None:
    if np.isnan(scores).any():
        return f"has no number as score at place {int(np.argmax(np.isnan(scores))) + 1}"
    # Compared rather than subtracted: -inf stands beside -inf.
    worse = np.flatnonzero(scores[1:] > scores[:-1])
    if not len(worse):
        return None
    at = int(worse[0])
    return f"has score {scores[at]:.6g} at place {at + 1} and then {scores[at + 1]:.6g}"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")[:80]

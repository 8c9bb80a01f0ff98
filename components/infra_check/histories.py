"""Asks a model about listeners, as `serving_listener` takes them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from components.infra_check.answers import Answer, difference
from components.infra_check.queries import MALFORMED, UNKNOWN, Query
from schema.features import LISTENER_COLUMNS
from schema.signatures import SERVING_DEFAULT, SERVING_LISTENER

_EXCLUDED: Final = 20
_ODD_FEATURES: Final = tuple(
    [math.nan, math.inf, -math.inf, 1e38, -1.0, 0.0][at % 6] for at in range(len(LISTENER_COLUMNS))
)

#: Asks queries in one request of a signature, checks the answers and returns those it could read.
Ask = Callable[[list[Query], str], list[Answer]]


def compare(answers: Sequence[Answer], ask: Ask) -> Iterator[tuple[str, str, str | None]]:
    """Asks the queries of answers again, as histories of listeners.

    What is excluded counts among a query's own tracks, which are not to be recommended.

    Args:
        answers: to queries of playlists.
        ask: what to ask with.

    Yields:
        Name of a check, what was asked, and what is wrong with its answer or None: a history whose
        tracks were heard once gets what their playlist gets, and in a batch what it gets alone.
    """
    odd = []
    for answer in answers:
        tracks = tuple(dict.fromkeys(answer.query.track_uris))
        untitled = Query(f"{answer.query.label}, without a title", b"", tracks)
        history = dataclasses.replace(untitled, label=f"{answer.query.label} as a history")
        plain = ask([untitled], SERVING_DEFAULT)
        for one, other in zip(plain, ask([history], SERVING_LISTENER), strict=False):
            yield "listeners", history.label, difference(one, other)
        odd += ask([_odd(answer)], SERVING_LISTENER)
    together = ask([one.query for one in odd], SERVING_LISTENER) if odd else []
    for one, other in zip(odd, together, strict=False):
        yield "batch", one.query.label, difference(one, other)


def _odd(answer: Answer) -> Query:
    """The same tracks heard twice each, in another order, by somebody of whom odd things are said.

    The best tracks of the answer are excluded.
    """
    heard = 2 * answer.query.track_uris
    return Query(
        f"{answer.query.label} as an odd history",
        track_uris=heard,
        timestamps=tuple(-at if at % 5 == 0 else 10**9 - at for at in range(len(heard))),
        features=_ODD_FEATURES,
        excluded=(*answer.tracks[:_EXCLUDED], b"", *UNKNOWN, *MALFORMED),
    )

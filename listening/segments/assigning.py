"""From features and the segments before to segments; no input, no output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.segments.rules import Rule, Segment
from schema.tables import SEGMENTS


def assign(history: pa.Table, earlier: pa.Table, segments: Sequence[Segment], cut: int) -> pa.Table:
    """Puts each listener into one segment.

    A listener is in the first segment whose rules hold: those to enter, or, for whoever is in it
    already, those to stay.

    Args:
        history: rows of LISTENING_HISTORY.
        earlier: rows of SEGMENTS as of the cut before.
        segments: in their order; the last one has no rules.
        cut: in microseconds since 1970.

    Returns:
        Rows of SEGMENTS, as many as of `history` and in its order.
    """
    listeners = history.column("listener_id")
    places = pc.index_in(listeners, earlier.column("listener_id").combine_chunks())
    before = earlier.column("segment").combine_chunks().take(places.combine_chunks())
    chosen = np.full(history.num_rows, len(segments) - 1, np.int64)
    stays = np.zeros(history.num_rows, bool)
    open_ = np.ones(history.num_rows, bool)
    for number, segment in enumerate(segments):
        was = np.asarray(pc.fill_null(pc.equal(before, segment.name), False))
        enters = holding(history, segment.rules, staying=False)
        fits = open_ & (enters | (was & holding(history, segment.rules, staying=True)))
        chosen[fits] = number
        stays[fits] = was[fits]
        open_ &= ~fits
    since = _since(earlier, places.combine_chunks(), stays, cut)
    columns = {
        "listener_id": listeners,
        "segment": pa.array([segment.name for segment in segments]).take(pa.array(chosen)),
        "since": since,
        "why": _reasons(history, segments, chosen),
    }
    return pa.table(columns, schema=SEGMENTS)


def holding(history: pa.Table, rules: Sequence[Rule], *, staying: bool) -> np.ndarray:
    """Where all rules hold: bool [n]."""
    found = np.ones(history.num_rows, bool)
    for rule in rules:
        values = _numbers(history, rule.feature)
        least, most = rule.bounds(staying)
        known = ~np.isnan(values)
        if least is not None:
            known &= values >= least
        if most is not None:
            known &= values <= most
        found &= known
    return found


def _since(earlier: pa.Table, places: pa.Array, stays: np.ndarray, cut: int) -> pa.Array:
    known = earlier.column("since").combine_chunks().cast(pa.int64()).take(places)
    times = np.asarray(pc.fill_null(known, cut), np.int64)
    kind = SEGMENTS.field("since").type
    return pa.array(np.where(stays, times, cut), pa.int64()).cast(kind)


def _reasons(history: pa.Table, segments: Sequence[Segment], chosen: np.ndarray) -> pa.Array:
    """What of each listener met the rules of its segment."""
    found = np.full(history.num_rows, "no other segment fits", object)
    for number, segment in enumerate(segments):
        where = np.flatnonzero(chosen == number)
        if not segment.rules or not len(where):
            continue
        columns = [_numbers(history, rule.feature)[where].tolist() for rule in segment.rules]
        parts = [
            [f"{rule.feature} {value:.6g}" for value in values]
            for rule, values in zip(segment.rules, columns, strict=True)
        ]
        found[where] = [", ".join(each) for each in zip(*parts, strict=True)]
    return pa.array(found.tolist(), pa.string())


def _numbers(history: pa.Table, feature: str) -> np.ndarray:
    """A column as float64 [n], NaN for null."""
    return np.asarray(
        history.column(feature).combine_chunks().cast(pa.float64()).fill_null(float("nan"))
    )

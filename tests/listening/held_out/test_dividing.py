"""Histories and first plays, by hand and as pandas finds them in raw events."""

from __future__ import annotations

from typing import Any

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from listening.held_out.dividing import COLUMNS, Bounds, Divided, divide

CUT = 1_000


def events(*rows: tuple[str, str, int, str], keys: list[str] | None = None) -> pa.Table:
    """Rows of listener, type, time and track; each event has a key of its own, or one of `keys`."""
    names = keys or [f"key-{number}" for number in range(len(rows))]
    columns = {
        "type": pa.array([row[1] for row in rows], pa.string()),
        "idempotency_key": pa.array(names, pa.string()),
        "event_time": pa.array([row[2] for row in rows], pa.int64()).cast(
            pa.timestamp("us", tz="UTC")
        ),
        "listener_id": pa.array([row[0] for row in rows], pa.string()),
        "track_uri": pa.array([row[3] or None for row in rows], pa.string()),
    }
    return pa.table(columns).select(COLUMNS)


def told(found: Divided) -> dict[str, tuple[str, str]]:
    """The letters of histories and first plays by listener."""
    letters = np.array(found.tracks.to_pylist(), object)
    return {
        listener: tuple(
            "".join(letters[values[ends[number] : ends[number + 1]]])
            for values, ends in (
                (found.history, found.history_ends),
                (found.first_plays, found.first_plays_ends),
            )
        )
        for number, listener in enumerate(found.listeners.to_pylist())
    }


def test_streams_before_the_cut_with_repeats_and_first_plays_from_it_on():
    found = divide(
        events(
            ("l", "stream", 500, "b"),
            ("l", "stream", 400, "a"),
            ("l", "skip", 600, "s"),  # no stream, but met
            ("l", "stream", 999, "b"),  # again, and just before the cut
            ("l", "save", 700, "x"),  # saved, never heard: new later
            ("l", "stream", 1_000, "c"),  # at the cut is behind it
            ("l", "stream", 1_001, "a"),  # known
            ("l", "stream", 1_002, "s"),  # was skipped before
            ("l", "stream", 1_003, "x"),
            ("l", "stream", 1_004, "c"),  # the second time
            ("l", "skip", 1_005, "d"),  # never streamed
            ("m", "stream", 1_006, "a"),  # new to this one
        ),
        CUT,
        Bounds(),
    )
    assert told(found) == {"l": ("abb", "cx"), "m": ("", "a")}
    assert (found.copies, found.older, found.beyond) == (0, 0, 0)


def test_of_copies_the_earliest_counts_even_where_it_is_of_another_kind():
    table = events(
        ("l", "stream", 1_200, "a"),
        ("l", "stream", 900, "a"),
        ("l", "save", 800, "b"),
        ("l", "stream", 1_100, "b"),
        keys=["one", "one", "two", "two"],
    )
    found = divide(table, CUT, Bounds())
    assert told(found) == {"l": ("a", "")}
    assert found.copies == 2


def test_bounds_keep_the_last_streams_and_the_first_first_plays():
    rows = [("l", "stream", time, letter) for time, letter in enumerate("abcd")]
    rows += [("l", "stream", CUT + time, letter) for time, letter in enumerate("vwxyz")]
    found = divide(events(*rows), CUT, Bounds(history=3, first_plays=2))
    assert told(found) == {"l": ("bcd", "vw")}
    assert (found.older, found.beyond) == (1, 3)


def test_a_stream_that_the_bound_left_out_was_heard_all_the_same():
    rows = [("l", "stream", time, letter) for time, letter in enumerate("abb")]
    found = divide(events(*rows, ("l", "stream", CUT, "a")), CUT, Bounds(history=1))
    assert told(found) == {"l": ("b", "")}


def test_nobody_did_anything():
    found = divide(events(), CUT, Bounds())
    assert told(found) == {}


def reference(rows: list[dict[str, Any]], bounds: Bounds) -> dict[str, tuple[str, str]]:
    """As pandas finds it."""
    frame = pd.DataFrame(rows, columns=["listener", "kind", "time", "track", "key"])
    frame = frame.sort_values("time", kind="stable").drop_duplicates("key", keep="first")
    frame = frame[frame.kind.isin(["stream", "skip"])].sort_values(["time", "track"], kind="stable")
    found = {}
    for listener, own in frame.groupby("listener"):
        past, future = own[own.time < CUT], own[own.time >= CUT]
        history = past[past.kind == "stream"].track.tail(bounds.history)
        new = future[(future.kind == "stream") & ~future.track.isin(past.track)]
        first = new.drop_duplicates("track").track.head(bounds.first_plays)
        found[str(listener)] = ("".join(history), "".join(first))
    return found


ROW = st.fixed_dictionaries(
    {
        "listener": st.sampled_from("lmn"),
        "kind": st.sampled_from(["stream", "stream", "skip", "save"]),
        "time": st.integers(CUT - 5, CUT + 5),
        "track": st.sampled_from("abcdef"),
    }
)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    st.lists(ROW, max_size=40),
    st.integers(1, 4),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_pandas_finds_the_same_in_any_events(rows, history, first_plays, random):
    rows = [{**row, "key": f"key-{number}"} for number, row in enumerate(rows)]
    # Some arrive twice, later; which copy says when it happened is plain, since times differ.
    rows += [{**row, "time": row["time"] + 1} for row in rows if random.random() < 0.2]
    bounds = Bounds(history, first_plays)
    expected = reference(rows, bounds)
    random.shuffle(rows)
    table = events(
        *((row["listener"], row["kind"], row["time"], row["track"]) for row in rows),
        keys=[row["key"] for row in rows],
    )
    assert told(divide(table, CUT, bounds)) == expected

"""From the plays of some listeners to their rows of `heard`; no input, no output."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.features.catalogue import ranked
from listening.features.counts import Pairs
from listening.features.window import first_copies
from schema.tables import HEARD

#: Columns of events that are read.
COLUMNS: Final = ("type", "idempotency_key", "event_time", "listener_id", "track_uri")
#: Types of events in which a track is heard, if only for a moment.
KINDS: Final = ("skip", "stream")


def heard_rows(events: pa.Table) -> tuple[pa.Table, int]:
    """The rows of listeners whose plays are given.

    Args:
        events: `COLUMNS` of all plays of these listeners before the cut, in any order, with copies.

    Returns:
        Rows of HEARD in the order of listeners, and how many copies were left out.
    """
    times = np.asarray(events.column("event_time").cast(pa.int64()))
    kept = first_copies(events.column("idempotency_key"), times)
    copies = int(len(kept) - kept.sum())
    events = events.filter(pa.array(kept))
    if not events.num_rows:
        return HEARD.empty_table(), copies
    owner, listeners = ranked(events.column("listener_id"))
    track, tracks = ranked(events.column("track_uri"))
    streamed = np.asarray(pc.equal(events.column("type"), "stream").combine_chunks())
    played = Pairs.counted(owner, track, track >= 0)
    streams = Pairs.counted(owner, track, streamed & (track >= 0))
    # Pairs are by owner, then track; a pair that was streamed was played too.
    codes, of = (pairs.owner * len(tracks) + pairs.value for pairs in (played, streams))
    counts = np.zeros(len(codes), np.int64)
    counts[np.searchsorted(codes, of)] = streams.count
    ends = pa.array(np.searchsorted(played.owner, np.arange(len(listeners) + 1)), pa.int32())
    lists = [
        pa.ListArray.from_arrays(ends, values).cast(HEARD.field(name).type)
        for name, values in (
            ("track_uris", tracks.take(pa.array(played.value))),
            ("streams", pa.array(counts)),
        )
    ]
    return pa.table([listeners, *lists], schema=HEARD), copies

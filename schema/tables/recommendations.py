"""Published recommendations: the list that a listener is shown on a day."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_WORDS: Final = pa.list_(pa.field("item", pa.string(), nullable=False))
_NUMBERS: Final = pa.list_(pa.field("item", pa.float64(), nullable=False))

#: A row a list. What follows the model's version is null where nobody said: a list outside of
#: experiments has no arm, and one that no chance had a part in no propensities.
RECOMMENDATIONS: Final = pa.schema(
    [
        pa.field("listener_id", pa.string(), nullable=False),
        pa.field("day", pa.date32(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("track_uris", _WORDS, nullable=False),  # best first
        pa.field("reasons", _WORDS),  # one a track
        pa.field("propensities", _NUMBERS),  # one a track, as in impressions
        pa.field("surface", pa.string()),
        pa.field("candidate_set", pa.string()),
        pa.field("request_id", pa.string()),
        pa.field("experiment", pa.string()),
        pa.field("arm", pa.string()),
        pa.field("shown_at", pa.timestamp("us", tz="UTC")),
    ]
)

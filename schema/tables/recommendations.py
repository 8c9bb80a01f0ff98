"""Published recommendations: the lists that listeners are shown on a day, and who gets them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_WORDS: Final = pa.list_(pa.field("item", pa.string(), nullable=False))
_NUMBERS: Final = pa.list_(pa.field("item", pa.float64(), nullable=False))

#: The name of a day's side table.
RECOMMENDATIONS_NAME: Final = "recommendations"

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
        pa.field("shelves", _WORDS),  # one a track: the title of the shelf that it stands on
    ]
)

#: A row a listener who is to get lists. What is null restricts nothing.
AUDIENCE: Final = pa.schema(
    [
        pa.field("listener_id", pa.string(), nullable=False),
        pa.field("explicit", pa.bool_()),  # whether explicit tracks are allowed
        pa.field("market", pa.string()),  # ISO 3166-1 code of the country where they listen
        pa.field("blocked_tracks", _WORDS),
        pa.field("blocked_artists", _WORDS),
    ]
)

#: A row a row of the audience that got no list: its place there, counted from 0, and why.
SET_ASIDE: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)

#: Why a row of the audience may get no list.
SET_ASIDE_REASONS: Final = {
    "not_a_pseudonym": "`listener_id` has not 32 hexadecimal digits in lower case",
    "not_a_market": "`market` is no code of two capital letters",
    "not_a_uri": "`blocked_tracks` or `blocked_artists` names something else",
    "repeated": "an earlier row is of the same listener",
    "nothing_left": "no track of any source passes the policies",
}

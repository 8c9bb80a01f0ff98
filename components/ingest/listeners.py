"""Listeners among the playlists: what `listener` of a record says, checked strictly.

The tracks of such a record are a listener's streams before a cut in time, and in held-out splits
the first plays behind it. Whatever is wrong with it would be a leak or a wrong judgement, so the
record is set aside.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from components.ingest.reasons import InvalidError, Reason
from components.ingest.values import json_type, show, whole_number
from schema import features
from schema.splits import FITTED, SPLITS

#: The key of a record that makes it a listener.
KEY: Final = "listener"
_NAME: Final = re.compile(features.SEGMENT_NAME)
_BOUND: Final = 2.0**127  # beyond it, floats of 32 bits end


def add(listener: object, uris: Sequence[bytes], tracks_only: bool, values: dict[str, Any]) -> str:
    """Adds the features of a listener to those of a record.

    Args:
        listener: what the record's `listener` is.
        uris: the record's tracks, in order.
        tracks_only: whether these are all entries that it had.
        values: by feature; those of the listener are added.

    Returns:
        The split that the record belongs to.

    Raises:
        InvalidError: if anything is not as the contract says.
    """
    if not isinstance(listener, dict):
        raise _invalid("", f"a JSON {json_type(listener)}, not an object")
    if not tracks_only:
        raise _invalid(".seen", "entries of tracks are no tracks, so it cannot be counted")
    split, segment = listener.get("split"), listener.get("segment")
    if split not in SPLITS:
        raise _invalid(".split", f"{show(split)} is not one of {', '.join(SPLITS)}")
    if not isinstance(segment, str) or not _NAME.fullmatch(segment):
        raise _invalid(".segment", f"{show(segment)} is not a name of a segment")
    seen = _seen(listener.get("seen"), str(split), uris)
    values[features.LISTENER_SEGMENT] = [segment.encode()]
    values[features.LISTENER_SEEN] = [seen]
    values[features.LISTENER_FEATURES] = _numbers(listener.get("features"))
    return str(split)


def _seen(value: object, split: str, uris: Sequence[bytes]) -> int:
    """How many tracks lie before the cut; the others are new to the listener, once each."""
    seen = whole_number(value)
    if seen is None or seen > len(uris):
        raise _invalid(".seen", f"{show(value)} is not a whole number from 0 to {len(uris)}")
    later = uris[seen:]
    if split in FITTED:
        if later:
            raise _invalid(".seen", f"{len(later)} tracks of {split} lie behind the cut")
    elif not later:
        raise _invalid(".seen", f"no track of {split} lies behind the cut")
    elif len(set(uris)) != len(set(uris[:seen])) + len(later):
        raise _invalid(".seen", "a track behind the cut was heard before, or stands twice")
    return seen


def _numbers(found: object) -> list[float]:
    columns = features.LISTENER_COLUMNS
    if not isinstance(found, list) or len(found) != len(columns):
        raise _invalid(".features", f"not a list of {len(columns)} numbers: {', '.join(columns)}")
    numbers = []
    for column, value in zip(columns, found, strict=True):
        if value is None:
            numbers.append(math.nan)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(".features", f"{column}: {show(value)} is not a number")
        elif not abs(value) < _BOUND:
            raise _invalid(".features", f"{column}: {show(value)} is not a finite number")
        else:
            numbers.append(float(value))
    return numbers


def _invalid(key: str, why: str) -> InvalidError:
    return InvalidError(Reason.INVALID_FIELD, f"{KEY}{key}: {why}")

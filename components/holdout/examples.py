"""Turns one whole playlist, or listener, into a held-out one: seeds to see, tracks to find."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Sequence
from typing import Final

import tensorflow as tf

from evaluation import scenarios
from schema import features

# Whatever else a playlist says may give the withheld tracks away (edits and duration grow with each
# of them, a description may name them), so only this goes along.
_KEPT: Final = (features.PID, features.COLLABORATIVE, features.MODIFIED_AT, features.NUM_FOLLOWERS)
# Of a listener: all of it is as of the cut.
_KEPT_OF_LISTENERS: Final = (
    *(features.PID, features.MODIFIED_AT, features.LISTENER_SEGMENT),
    *(features.LISTENER_SEEN, features.LISTENER_FEATURES),
)

_SEED_BUCKETS: Final = (0, 1, 5, 10, 25, 100)
_LENGTH_BUCKETS: Final = (10, 25, 50, 100, 250)
_POPULARITY_BUCKETS: Final = (0, 1, 5, 20, 100)


def hold_out(example: tf.train.Example, seed: int) -> tf.train.Example | None:
    """Withholds tracks of a playlist as its scenario says, of a listener what lies behind the cut.

    Args:
        example: a playlist as contract C4 has it.
        seed: the run's seed; with the pid it decides the scenario and the random choices.

    Returns:
        The playlist with its seeds as track features and the withheld tracks apart, both without
        repeats and in playlist order; a listener's seeds with repeats, and the segment as scenario.
        None if it has no track to withhold.
    """
    values = example.features.feature
    if features.LISTENER_SEEN in values:
        return _of_listener(example)
    pid = values[features.PID].bytes_list.value[0]
    tracks = list(values[features.TRACK_URI].bytes_list.value)
    if not tracks:
        return None
    scenario = scenarios.assign(pid, seed)
    withheld = scenarios.withhold(tracks, scenario, pid, seed)
    scenario = withheld.scenario
    kept = _KEPT + ((features.NAME,) if scenario.has_title else ())
    result = _divided(example, kept, withheld.seed_positions, withheld.holdout_positions)
    _set_bytes(result, features.SCENARIO, scenario.name)
    return result


def segment(example: tf.train.Example) -> str | None:
    """The segment of a listener as of the cut; None of a playlist."""
    values = example.features.feature
    if features.LISTENER_SEGMENT not in values:  # to look it up would add it
        return None
    (found,) = values[features.LISTENER_SEGMENT].bytes_list.value
    return str(found.decode())


def _of_listener(example: tf.train.Example) -> tf.train.Example | None:
    values = example.features.feature
    (seen,) = values[features.LISTENER_SEEN].int64_list.value
    positions = range(len(values[features.TRACK_URI].bytes_list.value))
    if seen >= len(positions):
        return None
    result = _divided(example, _KEPT_OF_LISTENERS, positions[:seen], positions[seen:])
    _set_bytes(result, features.SCENARIO, segment(example) or "")
    return result


def _divided(
    example: tf.train.Example, kept: Sequence[str], seeds: Sequence[int], withheld: Sequence[int]
) -> tf.train.Example:
    """Some features of a playlist, those of its seeds, and the withheld tracks apart."""
    values = example.features.feature
    result = tf.train.Example()
    for name in kept:
        if name in values:
            result.features.feature[name].CopyFrom(values[name])
    for name in features.TRACK_FEATURES:
        if seeds and name in values:
            _copy_positions(values[name], result.features.feature[name], seeds)
    _add_holdouts(example, result, withheld)
    # A track that a listener streamed again and again counts once.
    uris = values[features.TRACK_URI].bytes_list.value
    distinct = len({uris[position] for position in seeds})
    _set_ints(result, features.NUM_SEEDS, [distinct])
    _set_ints(result, features.NUM_HOLDOUTS, [len(withheld)])
    _set_bytes(result, features.SEEDS_BUCKET, bucket(distinct, _SEED_BUCKETS))
    _set_bytes(result, features.LENGTH_BUCKET, bucket(distinct + len(withheld), _LENGTH_BUCKETS))
    return result


def add_train_counts(example: tf.train.Example, counts: dict[bytes, int]) -> tf.train.Example:
    """Says of each withheld track how many playlists that models are fitted to hold it.

    Args:
        example: what `hold_out` returned.
        counts: playlists of train and stop by track URI; a track that is missing occurs in none.

    Returns:
        A copy with the counts, aligned with the withheld tracks, and the bucket of their median.
    """
    result = tf.train.Example()
    result.CopyFrom(example)
    withheld = example.features.feature[features.HOLDOUT_TRACK_URI].bytes_list.value
    found = [counts.get(uri, 0) for uri in withheld]
    _set_ints(result, features.HOLDOUT_TRAIN_COUNT, found)
    median = int(statistics.median_low(found))
    _set_bytes(result, features.POPULARITY_BUCKET, bucket(median, _POPULARITY_BUCKETS))
    return result


def bucket(number: int, upper_bounds: Sequence[int]) -> str:
    """Names the bucket of a number, sorted as text in the order of its bounds.

    For bounds (0, 5, 10): 0 is in "000", 3 in "001-005", 7 in "006-010" and 11 in "011+".
    """
    index = bisect.bisect_left(upper_bounds, number)
    width = len(str(upper_bounds[-1] + 1))
    if index == len(upper_bounds):
        return f"{upper_bounds[-1] + 1:0{width}d}+"
    upper = upper_bounds[index]
    lower = upper_bounds[index - 1] + 1 if index else 0
    return f"{upper:0{width}d}" if lower == upper else f"{lower:0{width}d}-{upper:0{width}d}"


def _add_holdouts(
    source: tf.train.Example, target: tf.train.Example, positions: Sequence[int]
) -> None:
    values = source.features.feature
    withheld = target.features.feature[features.HOLDOUT_TRACK_URI]
    _copy_positions(values[features.TRACK_URI], withheld, positions)
    # By name first: recommendations carry no artist URI, so artists are compared by name.
    for name in (features.ARTIST_NAME, features.ARTIST_URI):
        if name in values:
            _copy_positions(
                values[name], target.features.feature[features.HOLDOUT_ARTIST], positions
            )
            return


def _copy_positions(
    source: tf.train.Feature, target: tf.train.Feature, positions: Sequence[int]
) -> None:
    kind = source.WhichOneof("kind")
    if kind is not None:
        values = getattr(source, kind).value
        getattr(target, kind).value.extend(values[position] for position in positions)


def _set_bytes(example: tf.train.Example, name: str, value: str) -> None:
    example.features.feature[name].bytes_list.value[:] = [value.encode()]


def _set_ints(example: tf.train.Example, name: str, values: Sequence[int]) -> None:
    example.features.feature[name].int64_list.value[:] = values

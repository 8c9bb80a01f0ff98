"""Listeners among the playlists of a slice: what is taken, and what is set aside."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
import tensorflow as tf

from components.ingest import tfrecords
from components.ingest.examples import serialize
from components.ingest.job import ingest
from components.ingest.reasons import Reason
from components.ingest.validation import Playlist, Reject, validate
from schema import features
from schema.splits import SPLITS, SplitConfig

NUMBERS = [0.25, None, 3.5, 0, 12.0, 7, 30, 21]


def uri(letter):
    return "spotify:track:" + letter * 22


def listener(tracks="aabacd", seen=4, split="eval", pid=2**62 + 1, **fields):
    told = {"split": split, "segment": "new_users", "seen": seen, "features": NUMBERS, **fields}
    return {"pid": pid, "tracks": [{"track_uri": uri(t)} for t in tracks], "listener": told}


def test_a_listener_keeps_repeats_and_says_its_split():
    found = validate(listener())
    assert isinstance(found, Playlist)
    assert (found.pid, found.num_tracks, found.split) == (2**62 + 1, 6, "eval")
    assert found.features[features.TRACK_URI] == [uri(t).encode() for t in "aabacd"]
    assert found.features[features.LISTENER_SEGMENT] == [b"new_users"]
    assert found.features[features.LISTENER_SEEN] == [4]
    numbers = found.features[features.LISTENER_FEATURES]
    assert len(numbers) == len(features.LISTENER_COLUMNS)
    assert math.isnan(numbers[1])
    assert numbers[:1] + numbers[2:] == [0.25, 3.5, 0.0, 12.0, 7.0, 30.0, 21.0]
    assert all(type(number) is float for number in numbers)


def test_numbers_are_floats_of_the_example():
    example = tf.train.Example.FromString(serialize(validate(listener())))
    found = np.array(example.features.feature[features.LISTENER_FEATURES].float_list.value)
    expected = [math.nan if number is None else number for number in NUMBERS]
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


def test_a_record_with_null_is_a_playlist_byte_by_byte():
    plain = {"pid": 3, "name": "x", "tracks": [{"track_uri": uri("a")}]}
    assert serialize(validate({**plain, "listener": None})) == serialize(validate(plain))
    assert validate(plain).split is None


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({**listener(), "listener": []}, "listener: a JSON array"),
        (listener(split="validation"), "listener.split: 'validation'"),
        (listener(split=["eval"]), "listener.split: a JSON array"),
        (listener(segment="New users"), "listener.segment: 'New users'"),
        (listener(segment="new_users\n"), "listener.segment"),
        (listener(segment=None), "listener.segment: null"),
        (listener(seen=None), "listener.seen: null"),
        (listener(seen=-1), "listener.seen: -1"),
        (listener(seen=7), "listener.seen: 7 is not a whole number from 0 to 6"),
        (listener(seen=True), "listener.seen: True"),
        (listener(seen=5, split="train"), "listener.seen: 1 tracks of train lie behind"),
        (listener(seen=5, split="stop"), "listener.seen: 1 tracks of stop lie behind"),
        (listener(seen=6), "listener.seen: no track of eval lies behind"),
        (listener(seen=3), "listener.seen: a track behind the cut was heard before"),
        (listener("abcc", 2), "listener.seen: a track behind the cut was heard before, or stands"),
        (listener(features=NUMBERS[:-1]), "listener.features: not a list of 8 numbers"),
        (listener(features=[*NUMBERS, 1]), "listener.features: not a list of 8 numbers"),
        (listener(features=None), "listener.features: not a list"),
        (listener(features=["1", *NUMBERS[1:]]), "listener.features: skip_rate_28d: '1'"),
        (listener(features=[True, *NUMBERS[1:]]), "listener.features: skip_rate_28d: True"),
        (listener(features=[math.inf, *NUMBERS[1:]]), "skip_rate_28d: inf is not a finite"),
        (listener(features=[math.nan, *NUMBERS[1:]]), "skip_rate_28d: nan is not a finite"),
        (listener(features=[10**400, *NUMBERS[1:]]), "skip_rate_28d: a number beyond"),
    ],
)
def test_whatever_is_wrong_sets_the_record_aside(raw, told):
    found = validate(raw)
    assert isinstance(found, Reject)
    assert found.reason is Reason.INVALID_FIELD
    assert told in found.detail


def test_an_entry_that_is_no_track_would_move_the_cut():
    raw = listener()
    raw["tracks"].insert(0, {"track_uri": "spotify:episode:" + "a" * 22})
    found = validate(raw)
    assert isinstance(found, Reject)
    assert "listener.seen: entries of tracks are no tracks" in found.detail


def test_a_listener_without_history_has_first_plays_only():
    assert validate(listener("ab", 0)).features[features.LISTENER_SEEN] == [0]


def test_splits_are_those_that_listeners_say(tmp_path):
    """And playlists stay where their pid puts them; of a listener twice the first one stays."""
    playlists = [
        {"pid": pid, "name": "x", "tracks": [{"track_uri": uri("a")}]} for pid in range(40)
    ]
    listeners = [
        listener("ab", 2 if split in ("train", "stop") else 1, split, pid=10**12 + number)
        for number, split in enumerate(SPLITS * 3)
    ]
    twice = copy.deepcopy(listeners[2])
    slices = tmp_path / "data"
    slices.mkdir()
    content = {"playlists": [*playlists, *listeners, twice, listener(seen=9, pid=1)]}
    (slices / "mpd.slice.0-99.json").write_text(json.dumps(content))
    result = ingest(str(slices), str(tmp_path / "out"))
    assert result.rejects == {"duplicate_pid": 1, "invalid_field": 1}
    found = {}
    for split in SPLITS:
        (path,) = (tmp_path / "out").glob(f"playlists-{split}-*")
        with tfrecords.open_gzip(str(path)) as stream:
            for record in tfrecords.read_records(stream):
                example = tf.train.Example.FromString(record)
                pid = int(example.features.feature[features.PID].bytes_list.value[0])
                found[pid] = split
    config = SplitConfig()
    assert {pid: split for pid, split in found.items() if pid < 40} == {
        pid: config.split_of(b"%d" % pid) for pid in range(40)
    }
    assert {pid: split for pid, split in found.items() if pid >= 40} == {
        raw["pid"]: raw["listener"]["split"] for raw in listeners
    }
    assert result.counts.splits["eval"].written.playlists == sum(
        split == "eval" for split in found.values()
    )

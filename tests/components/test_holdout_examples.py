import pytest
import tensorflow as tf

from components.holdout import examples as held_out
from evaluation import scenarios
from schema import features


def playlist(tracks: int, *, pid: bytes = b"7", repeats: bool = False, **extra) -> tf.train.Example:
    uris = [b"spotify:track:%d" % index for index in range(tracks)]
    if repeats:
        uris = uris + uris[:2]
    example = tf.train.Example()
    values = example.features.feature
    values[features.PID].bytes_list.value[:] = [pid]
    values[features.NAME].bytes_list.value[:] = [b"road trip"]
    values[features.DESCRIPTION].bytes_list.value[:] = [b"with track 3"]
    values[features.NUM_EDITS].int64_list.value[:] = [tracks]
    values[features.DURATION_MS].int64_list.value[:] = [1000 * len(uris)]
    values[features.NUM_FOLLOWERS].int64_list.value[:] = [12]
    values[features.TRACK_URI].bytes_list.value[:] = uris
    values[features.ARTIST_NAME].bytes_list.value[:] = [b"artist of " + uri for uri in uris]
    values[features.TRACK_DURATION_MS].int64_list.value[:] = range(len(uris))
    return example


def pid_of(scenario: str, seed: int = 1) -> bytes:
    return next(
        b"%d" % pid for pid in range(10_000) if scenarios.assign(b"%d" % pid, seed).name == scenario
    )


def read(example: tf.train.Example, name: str) -> list:
    values = example.features.feature[name]
    kind = values.WhichOneof("kind")
    return list(getattr(values, kind).value) if kind else []


@pytest.mark.parametrize("scenario", [s.name for s in scenarios.SCENARIOS])
def test_seeds_and_withheld_tracks_part_the_playlist(scenario):
    whole = playlist(300, pid=pid_of(scenario))
    result = held_out.hold_out(whole, seed=1)
    seeds = read(result, features.TRACK_URI)
    withheld = read(result, features.HOLDOUT_TRACK_URI)
    expected = scenarios.BY_NAME[scenario]
    assert len(seeds) == expected.seeds
    assert not set(seeds) & set(withheld)
    assert sorted(seeds + withheld) == sorted(read(whole, features.TRACK_URI))
    assert read(result, features.SCENARIO) == [scenario.encode()]
    assert bool(read(result, features.NAME)) == expected.has_title


def test_nothing_that_tells_of_withheld_tracks_goes_along():
    result = held_out.hold_out(playlist(40, pid=pid_of("title+first5")), seed=1)
    for name in (features.DESCRIPTION, features.NUM_EDITS, features.DURATION_MS):
        assert not read(result, name)
    seeds = read(result, features.TRACK_URI)
    assert read(result, features.ARTIST_NAME) == [b"artist of " + uri for uri in seeds]
    assert read(result, features.TRACK_DURATION_MS) == [0, 1, 2, 3, 4]
    text = result.SerializeToString()
    for uri in read(result, features.HOLDOUT_TRACK_URI):
        # Once as the withheld track, once within its artist's name: nowhere else.
        assert read(result, features.HOLDOUT_TRACK_URI).count(uri) == 1
    assert b"with track 3" not in text


def test_title_only_has_no_track_features_at_all():
    result = held_out.hold_out(playlist(10, pid=pid_of("title")), seed=1)
    assert not read(result, features.TRACK_URI)
    assert features.ARTIST_NAME not in result.features.feature
    assert read(result, features.NUM_SEEDS) == [0]
    assert read(result, features.NUM_HOLDOUTS) == [10]


def test_repeated_tracks_are_withheld_once():
    result = held_out.hold_out(playlist(10, pid=pid_of("title+first1"), repeats=True), seed=1)
    withheld = read(result, features.HOLDOUT_TRACK_URI)
    assert len(withheld) == len(set(withheld)) == 9


def test_a_playlist_without_tracks_is_left_out():
    assert held_out.hold_out(playlist(0), seed=1) is None


def test_train_counts_are_aligned_and_their_median_is_bucketed():
    result = held_out.hold_out(playlist(4, pid=pid_of("title")), seed=1)
    counts = {b"spotify:track:0": 7, b"spotify:track:2": 30, b"spotify:track:3": 8}
    counted = held_out.add_train_counts(result, counts)
    # Tracks 0 to 3 occur 7, 0, 30 and 8 times; sorted 0, 7, 8, 30: the lower median is 7.
    assert read(counted, features.HOLDOUT_TRAIN_COUNT) == [7, 0, 30, 8]
    assert read(counted, features.POPULARITY_BUCKET) == [b"006-020"]
    assert not read(result, features.HOLDOUT_TRAIN_COUNT), "the argument must stay as it was"


@pytest.mark.parametrize(
    ("number", "name"), [(0, "00"), (3, "01-05"), (5, "01-05"), (7, "06-10"), (11, "11+")]
)
def test_bucket(number, name):
    assert held_out.bucket(number, (0, 5, 10)) == name

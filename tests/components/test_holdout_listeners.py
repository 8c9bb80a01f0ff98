"""Listeners are divided at the cut, by hand."""

from __future__ import annotations

import math

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components import counts
from components.holdout import examples as held_out
from components.holdout import executor
from components.holdout.options import HoldoutOptions
from schema import features
from tests.components.counts_fixture import counted
from tests.components.test_holdout_executor import example, read, write


def listener(tracks: str, seen: int, pid: int = 5, segment: str = "new_users") -> tf.train.Example:
    result = tf.train.Example()
    values = result.features.feature
    values[features.PID].bytes_list.value[:] = [b"%d" % pid]
    values[features.MODIFIED_AT].int64_list.value[:] = [1_600_000_000]
    values[features.TRACK_URI].bytes_list.value[:] = [letter.encode() for letter in tracks]
    values[features.ARTIST_NAME].bytes_list.value[:] = [b"of " + t.encode() for t in tracks]
    values[features.LISTENER_SEGMENT].bytes_list.value[:] = [segment.encode()]
    values[features.LISTENER_SEEN].int64_list.value[:] = [seen]
    values[features.LISTENER_FEATURES].float_list.value[:] = [0.5, math.nan, *range(6)]
    return result


def values_of(found: tf.train.Example, name: str) -> list:
    feature = found.features.feature[name]
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


def test_seeds_lie_before_the_cut_with_repeats_and_first_plays_behind_it():
    # a b a | c d: three streams of two tracks before the cut, two first plays behind it.
    found = held_out.hold_out(listener("abacd", 3), seed=1)
    assert values_of(found, features.TRACK_URI) == [b"a", b"b", b"a"]
    assert values_of(found, features.ARTIST_NAME) == [b"of a", b"of b", b"of a"]
    assert values_of(found, features.HOLDOUT_TRACK_URI) == [b"c", b"d"]
    assert values_of(found, features.HOLDOUT_ARTIST) == [b"of c", b"of d"]
    assert values_of(found, features.NUM_SEEDS) == [2]
    assert values_of(found, features.NUM_HOLDOUTS) == [2]
    assert values_of(found, features.SCENARIO) == [b"new_users"]
    assert values_of(found, features.SEEDS_BUCKET) == [b"002-005"]
    assert values_of(found, features.LENGTH_BUCKET) == [b"000-010"]
    assert values_of(found, features.LISTENER_SEEN) == [3]
    numbers = values_of(found, features.LISTENER_FEATURES)
    assert numbers[0] == 0.5
    assert math.isnan(numbers[1])
    assert values_of(found, features.MODIFIED_AT) == [1600000000]  # it tells the cut


@pytest.mark.parametrize("seed", range(5))
def test_no_seed_of_a_run_moves_the_cut(seed):
    found, other = (held_out.hold_out(listener("abacd", 3), each) for each in (seed, 7))
    # NaN is unlike itself, so bytes are compared.
    assert found.SerializeToString(deterministic=True) == other.SerializeToString(
        deterministic=True
    )


def test_a_listener_without_history_has_no_seeds():
    found = held_out.hold_out(listener("cd", 0), seed=1)
    assert features.TRACK_URI not in found.features.feature
    assert values_of(found, features.NUM_SEEDS) == [0]
    assert values_of(found, features.HOLDOUT_TRACK_URI) == [b"c", b"d"]


def test_nothing_behind_the_cut_is_nothing_to_withhold():
    assert held_out.hold_out(listener("ab", 2), seed=1) is None


EVALUATION = [
    *(example(pid, ["a", "b", "c", "b"]) for pid in range(10, 15)),
    *(listener("abacd", 3, pid).SerializeToString() for pid in range(20, 24)),
    *(listener("abce", 2, pid, "others").SerializeToString() for pid in range(30, 33)),
]
#: What each kind of them has, playlists and entries.
PLAYLISTS, NEW, OTHERS = (5, 20), (4, 20), (3, 12)


def run(folder, evaluation=EVALUATION, **options):
    """Holds out; gives the pids that were, and what was counted."""
    write(folder / "in" / "Split-train" / "data-0.gz", [example(1, ["a"])])
    for split, records in (("stop", []), ("eval", evaluation), ("test", [])):
        write(folder / "in" / f"Split-{split}" / "data-0.gz", records)
    source, training, target = (standard_artifacts.Examples() for _ in range(3))
    source.uri = str(folder / "in")
    source.split_names = artifact_utils.encode_split_names(["train", "stop", "eval", "test"])
    entries = [
        counts.number_of_values(tf.train.Example.FromString(record), features.TRACK_URI)
        for record in evaluation
    ]
    there = {"eval": (len(evaluation), sum(entries)), "test": (0, 0), "stop": (0, 0)}
    counted(source, train=(1, 1), **there)
    training.uri, target.uri = str(folder / "training"), str(folder / "out")
    properties = {"seed": 3, "options": HoldoutOptions(**options).model_dump_json()}
    executor.Executor().Do(
        {"examples": [source]}, {"training": [training], "held_out": [target]}, properties
    )
    found = read(folder / "out" / "Split-eval")
    pids = sorted(int(e.features.feature[features.PID].bytes_list.value[0]) for e in found)
    stage = counts.read(target).stages[-1].splits["eval"]
    left_out = {why: (n.playlists, n.entries) for why, n in stage.left_out.items()}
    return pids, left_out, target


def test_playlists_are_held_out_by_default_and_listeners_are_not(tmp_path):
    pids, left_out, target = run(tmp_path)
    assert pids == list(range(10, 15))
    assert left_out == {
        "listeners where playlists are held out": (NEW[0] + OTHERS[0], NEW[1] + OTHERS[1]),
        "repeats": (0, 5),
    }
    assert "10 scenarios" in target.get_string_custom_property("summary")


def test_listeners_are_held_out_where_they_are_asked_for(tmp_path):
    pids, left_out, target = run(tmp_path, of="listeners")
    assert pids == [*range(20, 24), *range(30, 33)]
    # A listener of new_users streamed one track twice before the cut; it is a seed once.
    repeats = {"repeats": (0, NEW[0])}
    assert left_out == {"playlists where listeners are held out": PLAYLISTS, **repeats}
    summary = target.get_string_custom_property("summary")
    assert summary == "first plays of listeners in eval and test withheld"


def test_those_of_a_segment_are_held_out_alone(tmp_path):
    pids, left_out, target = run(tmp_path, of="listeners", segment="others")
    assert pids == [30, 31, 32]
    assert left_out == {
        "playlists where listeners are held out": PLAYLISTS,
        "listeners of other segments": NEW,
    }
    summary = target.get_string_custom_property("summary")
    assert summary == "first plays of listeners of others in eval and test withheld"


def test_a_segment_without_listeners_ends_the_run_in_words(tmp_path):
    with pytest.raises(
        ValueError, match="eval has no listeners of nobody to hold out among its 12 rec"
    ):
        run(tmp_path, of="listeners", segment="nobody")


def test_of_many_so_many_are_drawn_of_those_who_are_asked_for(tmp_path):
    """1,000 listeners beside 1,000 playlists, of which 500 are wanted: about half are drawn."""
    many = [
        *(example(pid, ["a", "b"]) for pid in range(1_000)),
        *(listener("ab", 1, pid).SerializeToString() for pid in range(10_000, 11_000)),
    ]
    pids, left_out, _ = run(tmp_path, many, of="listeners", max_playlists=500)
    # The standard deviation of what is drawn is 16.
    assert 420 < len(pids) < 580
    assert left_out["not drawn"] == (1_000 - len(pids), 2 * (1_000 - len(pids)))
    assert left_out["playlists where listeners are held out"] == (1_000, 2_000)


def test_a_segment_is_of_listeners():
    with pytest.raises(ValueError, match="set holdout"):
        HoldoutOptions(segment="new_users")

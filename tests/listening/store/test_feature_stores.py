"""What every feature store does."""

from __future__ import annotations

import datetime
import itertools
import pathlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening.store import EVENT_TIME, STORES, FeatureStore, OlderSpaceError, Pushed, open_store
from tests.listening.store.making import asked, both, build, day, listener, segments, timed, vectors
from tests.listening.store.placing import KINDS, Placing, placing

_NUMBERS = itertools.count()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> Placing:
    """The text that names a store in a directory."""
    return placing(str(request.param), request)


@pytest.fixture
def features(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "features"


@pytest.fixture
def store(place: Placing, tmp_path: pathlib.Path, features: pathlib.Path) -> Iterator[FeatureStore]:
    found = open_store(place(tmp_path / "store"), str(features))
    yield found
    found.close()


def test_every_store_is_here() -> None:
    assert {str(each.values[0]).partition("-")[0] for each in KINDS} == set(STORES)


def segments_of(table: pa.Table) -> list[str | None]:
    found: list[str | None] = table.column("segment").to_pylist()
    return found


def test_the_newest_partition_is_served(store: FeatureStore, features: pathlib.Path) -> None:
    build(features, "segments", day(2), segments({1: "old", 2: "old", 3: "old"}))
    build(features, "segments", day(3), segments({1: "new", 2: "new"}))
    assert store.materialise("segments") == Pushed(2, 0)
    found = store.read("segments", [listener(2), listener(1), listener(9)])
    assert found.column("listener_id").to_pylist() == [listener(2), listener(1), listener(9)]
    assert segments_of(found) == ["new", "new", None]
    assert found.column(EVENT_TIME).to_pylist() == [day(3), day(3), None]
    assert found.column("since").to_pylist() == [day(1), day(1), None]


def test_a_row_alone_says_what_a_read_says(store: FeatureStore, features: pathlib.Path) -> None:
    build(features, "segments", day(3), segments({1: "new"}))
    store.materialise("segments")
    (read,) = store.read("segments", [listener(1)]).to_pylist()
    row = store.row("segments", listener(1))
    assert row is not None
    assert row.keys() == read.keys()
    instants = {"since", EVENT_TIME}
    assert {name: row[name] for name in instants} == {
        name: round(read[name].timestamp() * 1e6) for name in instants
    }
    assert all(row[name] == read[name] for name in row.keys() - instants)
    assert store.row("segments", listener(9)) is None


def test_an_earlier_cut_never_replaces_a_later_one(
    store: FeatureStore, features: pathlib.Path
) -> None:
    build(features, "segments", day(2), segments({1: "old", 3: "old"}))
    build(features, "segments", day(3), segments({1: "new"}))
    store.materialise("segments")
    assert store.materialise("segments", until=day(2, 23)) == Pushed(1, 1)
    assert segments_of(store.read("segments", [listener(1), listener(3)])) == ["new", "old"]


def test_pushed_rows_are_served_unless_they_are_older(
    store: FeatureStore, features: pathlib.Path
) -> None:
    build(features, "segments", day(3), segments({1: "built"}))
    store.materialise("segments")
    rows = timed(segments({1: "fresh", 2: "fresh"}), [day(3, 5), day(3, 5)])
    assert store.push("segments", rows) == Pushed(2, 0)
    late = timed(segments({1: "late", 2: "newest"}), [day(3, 4), day(3, 6)])
    assert store.push("segments", late) == Pushed(1, 1)
    assert segments_of(store.read("segments", [listener(1), listener(2)])) == ["fresh", "newest"]
    build(features, "segments", day(4), segments({1: "rebuilt"}))
    store.materialise("segments")
    assert segments_of(store.read("segments", [listener(1)])) == ["rebuilt"]


def test_of_one_push_the_newest_row_of_a_key_is_served(store: FeatureStore) -> None:
    rows = pa.concat_tables(
        [
            timed(segments({1: "second"}), [day(2)]),
            timed(segments({1: "third"}), [day(3)]),
            timed(segments({1: "first"}), [day(1)]),
        ]
    )
    assert store.push("segments", rows) == Pushed(1, 2)
    assert segments_of(store.read("segments", [listener(1)])) == ["third"]


def test_a_row_is_known_from_its_time_on(store: FeatureStore, features: pathlib.Path) -> None:
    build(features, "segments", day(2), segments({1: "two", 2: "two"}))
    build(features, "segments", day(4), segments({1: "four"}))
    store.push("segments", timed(segments({1: "three"}), [day(3, 12)]))
    entities = asked(
        [
            (1, day(4)),
            (1, day(1, 23)),
            (1, day(2)),
            (1, day(3, 11)),
            (1, day(3, 12)),
            (2, day(9)),
            (7, day(9)),
        ]
    ).append_column("label", pa.array(range(7)))
    found = store.join("segments", entities)
    assert segments_of(found) == ["four", None, "two", "two", "three", "two", None]
    assert found.column("label").to_pylist() == list(range(7))
    assert found.column("feature_time").to_pylist() == [
        *(day(4), None, day(2), day(2), day(3, 12), day(2), None)
    ]
    young = store.join("segments", entities, within=datetime.timedelta(hours=36))
    assert segments_of(young) == ["four", None, "two", "two", "three", None, None]


def test_of_two_rows_of_one_time_the_later_push_counts(store: FeatureStore) -> None:
    """Also where it was pushed before, and of two in one push the one that comes last."""
    for one, other in (("a", "b"), ("b", "a"), ("a", "b")):
        store.push("segments", timed(segments({1: one, 2: one}), [day(2), day(2)]))
        store.push("segments", timed(segments({1: other}), [day(2)]))
        assert both(store) == [other, one]
    twice = [timed(segments({1: text, 2: "z"}), [day(2), day(2)]) for text in "zyx"]
    store.push("segments", pa.concat_tables(twice))
    assert both(store) == ["x", "z"]
    store.erase([listener(2)])
    assert both(store) == ["x", None]


@pytest.mark.parametrize("first", ["partition", "push"])
def test_of_two_rows_of_one_time_a_push_counts_and_no_partition(
    store: FeatureStore, features: pathlib.Path, first: str
) -> None:
    build(features, "segments", day(2), segments({1: "built", 2: "built"}))
    if first == "partition":
        store.materialise("segments")
    store.push("segments", timed(segments({1: "pushed"}), [day(2)]))
    store.materialise("segments")
    assert both(store) == ["pushed", "built"]
    build(features, "segments", day(2), segments({1: "rebuilt", 2: "rebuilt"}))
    store.materialise("segments")
    assert both(store) == ["pushed", "rebuilt"]


def test_nothing_known_and_nothing_asked(store: FeatureStore) -> None:
    assert segments_of(store.join("segments", asked([(1, day(2))]))) == [None]
    assert store.join("segments", asked([])).num_rows == 0
    assert segments_of(store.read("segments", [listener(1)])) == [None]
    assert store.read("segments", []).num_rows == 0
    with pytest.raises(ValueError, match="holds no segments: segue segments build writes it"):
        store.materialise("segments")
    with pytest.raises(ValueError, match="holds no heard: segue features build writes it"):
        store.materialise("heard")


@pytest.mark.parametrize("call", ["materialise", "push", "read", "join"])
def test_a_view_that_is_not_there(store: FeatureStore, call: str) -> None:
    arguments = {"materialise": [], "push": [asked([])], "read": [[]], "join": [asked([])]}[call]
    with pytest.raises(ValueError, match="there is no view moods; there are listening_history"):
        getattr(store, call)("moods", *arguments)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows.drop(["why"]), "segments: why: the column is missing"),
        (lambda rows: rows.drop([EVENT_TIME]), "event_timestamp: the column is missing"),
        (
            lambda rows: rows.set_column(0, "listener_id", pa.array([""])),
            "segments: a listener_id is empty",
        ),
    ],
)
def test_rows_that_are_no_rows_of_the_view(store: FeatureStore, change, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        store.push("segments", change(timed(segments({1: "a"}), [day(2)])))
    assert segments_of(store.read("segments", [listener(1)])) == [None]


def test_vectors_of_two_models_are_never_served_at_once(
    store: FeatureStore, features: pathlib.Path
) -> None:
    build(features, "track_vectors", day(2), vectors({"a": [1.0], "b": [2.0]}, "1"))
    store.materialise("track_vectors")
    other = timed(vectors({"c": [3.0]}, "2"), [day(5)])
    with pytest.raises(OlderSpaceError, match="vectors of 1 are served"):
        store.push("track_vectors", other)
    assert store.read("track_vectors", ["c"]).column("vector").to_pylist() == [None]
    build(features, "track_vectors", day(3), vectors({"a": [4.0]}, "2"))
    store.materialise("track_vectors")
    found = store.read("track_vectors", ["a", "b"])
    assert found.column("model_version").to_pylist() == ["2", None]
    assert found.column("vector").to_pylist() == [[4.0], None]
    with pytest.raises(OlderSpaceError):
        store.materialise("track_vectors", until=day(2))
    both = pa.concat_tables([other, timed(vectors({"d": [1.0]}, "3"), [day(5)])])
    with pytest.raises(OlderSpaceError, match="of 2 and 3 cannot be compared"):
        store.push("track_vectors", both)


def test_the_same_push_again_changes_nothing(store: FeatureStore) -> None:
    rows = timed(segments({1: "a", 2: "b"}), [day(2), day(3)])
    store.push("segments", rows)
    before = store.join("segments", asked([(1, day(4)), (2, day(4))]))
    store.push("segments", rows)
    assert store.join("segments", asked([(1, day(4)), (2, day(4))])).equals(before)
    assert segments_of(store.read("segments", [listener(1), listener(2)])) == ["a", "b"]


def test_floats_come_back_to_the_last_bit(store: FeatureStore, features: pathlib.Path) -> None:
    numbers = np.array([0.1, 1 / 3, 1e-38, -9.87654321e5], np.float32)
    build(features, "track_vectors", day(2), vectors({"a": numbers.tolist()}, "1"))
    store.materialise("track_vectors")
    (found,) = store.read("track_vectors", ["a"]).column("vector").to_pylist()
    assert np.array_equal(np.array(found, np.float32), numbers)


def test_who_is_erased_is_nowhere(
    store: FeatureStore, features: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    build(features, "segments", day(2), segments({1: "a", 2: "b"}))
    store.materialise("segments")
    store.push("segments", timed(segments({1: "c", 2: "d"}), [day(3), day(3)]))
    assert sum(store.erase([listener(1)]).values()) > 0
    assert segments_of(store.read("segments", [listener(1), listener(2)])) == [None, "d"]
    root = tmp_path / "store"
    for path in root.rglob("*"):
        assert not path.is_file() or listener(1).encode() not in path.read_bytes(), path
    found = store.join("segments", asked([(2, day(9))]))
    assert segments_of(found) == ["d"]
    assert set(store.erase([listener(1)]).values()) == {0}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_joins_are_those_of_merge_asof(
    place: Placing, tmp_path: pathlib.Path, data: st.DataObject
) -> None:
    root = tmp_path / str(next(_NUMBERS))
    hours = st.integers(0, 60)
    held = st.dictionaries(st.integers(1, 4), st.sampled_from("abcdef"), min_size=1)
    cuts = data.draw(st.dictionaries(hours, held, max_size=4))
    # At half hours, so that no two are as of one time.
    pushed = data.draw(st.dictionaries(st.tuples(hours, st.integers(1, 4)), st.sampled_from("xyz")))
    entities = data.draw(st.lists(st.tuples(st.integers(1, 5), hours), min_size=1, max_size=20))
    within = data.draw(st.none() | st.integers(0, 30))
    start, hour = day(1), datetime.timedelta(hours=1)
    store = open_store(place(root / "store"), str(root / "features"))
    known = []
    for cut, rows in cuts.items():
        build(root / "features", "segments", start + cut * hour, segments(rows))
        known += [(start + cut * hour, listener(one), name) for one, name in rows.items()]
    for (cut, one), name in pushed.items():
        time = start + cut * hour + hour / 2
        store.push("segments", timed(segments({one: name}), [time]))
        known.append((time, listener(one), name))
    table = asked([(one, start + at * hour + hour / 4) for one, at in entities])
    age = None if within is None else within * hour
    found = segments_of(store.join("segments", table, age))
    store.close()
    left = pd.DataFrame({"key": table.column("listener_id").to_pylist()})
    left["time"] = pd.to_datetime(table.column(EVENT_TIME).to_pylist(), utc=True)
    left["place"] = range(len(left))
    right = pd.DataFrame(known, columns=["time", "key", "segment"])
    right["time"] = pd.to_datetime(right["time"], utc=True)
    merged = pd.merge_asof(
        left.sort_values("time"),
        right.sort_values("time"),
        on="time",
        by="key",
        tolerance=None if age is None else pd.Timedelta(age),
    ).sort_values("place")
    expected = [None if pd.isna(name) else name for name in merged["segment"]]
    assert found == expected

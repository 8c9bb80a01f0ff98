"""Each listener is in one segment, and stays there from day to day unless the facts change."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from listening.features import finish, partitions
from listening.segments import Rule, Segment, SegmentsBuilt, build, load
from listening.segments.assigning import assign
from schema.tables import LISTENING_HISTORY, SEGMENTS
from tests.listening.features.conftest import cut, micros, rows

BUSY = Segment(
    name="busy",
    order=1,
    model="m",
    rules=(Rule(feature="plays_7d", at_least=100, stay_at_least=80),),
)
KEEN = Segment(
    name="keen",
    order=2,
    model="m",
    rules=(
        Rule(feature="top_genre_share", at_least=0.7, stay_at_least=0.6),
        Rule(feature="days_known", at_most=30, stay_at_most=40),
    ),
)
REST = Segment(name="rest", order=3, model="m")
ALL = (BUSY, KEEN, REST)


def history(**listeners: dict[str, Any]) -> pa.Table:
    """Rows of features; what is not named is 0, or null where it may be."""
    columns = []
    for field in LISTENING_HISTORY:
        empty = [] if pa.types.is_list(field.type) else None if field.nullable else 0
        values = [row.get(field.name, empty) for row in listeners.values()]
        if field.name == "listener_id":
            values = list(listeners)
        if pa.types.is_timestamp(field.type):
            columns.append(pa.array(values, pa.int64()).cast(field.type))
        else:
            columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=LISTENING_HISTORY)


def segments(day: int = 1, **names: str) -> pa.Table:
    since = pa.array([micros(cut(day))] * len(names), pa.int64())
    columns = {
        "listener_id": pa.array(list(names), pa.string()),
        "segment": pa.array(list(names.values()), pa.string()),
        "since": since.cast(SEGMENTS.field("since").type),
        "why": pa.array([""] * len(names), pa.string()),
    }
    return pa.table(columns, schema=SEGMENTS)


def assigned(features: pa.Table, earlier: pa.Table, day: int = 8) -> dict[str, Any]:
    return rows(assign(features, earlier, ALL, micros(cut(day))))


def test_the_first_that_fits_and_why() -> None:
    found = assigned(
        history(
            a={"plays_7d": 100, "top_genre_share": 0.9, "days_known": 3.0},
            b={"plays_7d": 99, "top_genre_share": 0.7, "days_known": 30.0},
            c={"plays_7d": 99, "top_genre_share": 0.7, "days_known": 30.1},
            d={"plays_7d": 0, "top_genre_share": None, "days_known": 1.0},
        ),
        segments(),
    )
    assert {name: (row["segment"], row["why"]) for name, row in found.items()} == {
        "a": ("busy", "plays_7d 100"),
        "b": ("keen", "top_genre_share 0.7, days_known 30"),
        "c": ("rest", "no other segment fits"),
        "d": ("rest", "no other segment fits"),
    }
    assert {row["since"] for row in found.values()} == {micros(cut(8))}


def test_staying_is_easier_than_coming() -> None:
    between = {"plays_7d": 90, "top_genre_share": 0.65, "days_known": 35.0}
    rows = dict.fromkeys("abc", between)
    found = assigned(history(**rows), segments(a="busy", b="keen", c="rest"))
    assert [found[name]["segment"] for name in "abc"] == ["busy", "keen", "rest"]
    assert {row["since"] for row in found.values()} == {micros(cut(1))}
    gone = {"plays_7d": 79, "top_genre_share": 0.59, "days_known": 41.0}
    found = assigned(history(a=gone, b=gone), segments(a="busy", b="keen"))
    assert [found[name]["segment"] for name in "ab"] == ["rest", "rest"]
    assert {row["since"] for row in found.values()} == {micros(cut(8))}


def test_one_before_takes_whoever_may_enter_it() -> None:
    both = {"plays_7d": 100, "top_genre_share": 0.9, "days_known": 3.0}
    found = assigned(history(a=both), segments(a="keen"))
    assert (found["a"]["segment"], found["a"]["since"]) == ("busy", micros(cut(8)))


def test_a_segment_that_is_gone_holds_nobody() -> None:
    found = assigned(history(a={"plays_7d": 90}), segments(a="of_old"))
    assert found["a"]["segment"] == "rest"


VALUES = st.fixed_dictionaries(
    {
        "plays_7d": st.sampled_from([0, 79, 80, 99, 100, 500]),
        "top_genre_share": st.none() | st.sampled_from([0.1, 0.59, 0.6, 0.69, 0.7, 1.0]),
        "days_known": st.sampled_from([0.0, 30.0, 31.0, 40.0, 41.0]),
    }
)


@hypothesis.settings(max_examples=80, deadline=None)
@hypothesis.given(
    st.dictionaries(st.sampled_from("abcdefgh"), VALUES, min_size=1),
    st.dictionaries(st.sampled_from("abcdefghij"), st.sampled_from(["busy", "keen", "rest"])),
)
def test_the_same_facts_keep_everybody_where_they_are(
    facts: dict[str, dict[str, Any]], before: dict[str, str]
) -> None:
    features = history(**{name: facts[name] for name in sorted(facts)})
    first = assign(features, segments(**before), ALL, micros(cut(8)))
    assert first.column("listener_id").to_pylist() == sorted(facts)
    assert set(first.column("segment").to_pylist()) <= {"busy", "keen", "rest"}
    again = assign(features, first, ALL, micros(cut(9)))
    assert again.equals(first)


def place(root: pathlib.Path, day: int, features: pa.Table) -> None:
    with partitions.building(str(root), "listening_history", cut(day)) as draft:
        finish(draft, [features])


LISTENERS = {
    "a": {"plays_7d": 200, "days_known": 20.0, "first_seen": micros(cut(1))},
    "b": {"plays_7d": 3, "days_known": 2.0, "first_seen": micros(cut(1))},
    "c": {
        "plays_7d": 50,
        "streams_28d": 40,
        "genre_entropy_28d": 0.9,
        "days_known": 20.0,
        "first_seen": micros(cut(1)),
    },
    "d": {"plays_7d": 4, "days_known": 20.0, "first_seen": micros(cut(1))},
}


def filled(**changed: dict[str, Any]) -> pa.Table:
    """Rows that pass the checks."""
    found = {name: {**row, **changed.get(name, {})} for name, row in LISTENERS.items()}
    for row in found.values():
        row |= {"last_seen": row["first_seen"], "hours_since_play": 1.0}
    return history(**found)


def built(root: pathlib.Path, rules: pathlib.Path, day: int) -> SegmentsBuilt:
    return build(str(root), str(rules), cut(day))


def test_from_day_to_day(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    rules = root / "configs" / "segments"
    place(tmp_path, 8, filled())
    first = built(tmp_path, rules, 8)
    assert first.segments == {
        "new_users": 1,
        "power_listeners": 1,
        "genre_focused": 1,
        "casual_listeners": 1,
    }
    assert (first.earlier, first.entered, first.moved, first.left) == (None, 4, 0, 0)
    place(tmp_path, 9, filled(a={"plays_7d": 110}, b={"days_known": 8.5}, d={"days_known": 1.0}))
    second = built(tmp_path, rules, 9)
    assert (second.earlier, second.entered, second.moved, second.left) == (
        *("2017-11-08T00", 0, 1, 0),
    )
    found = rows(partitions.read(str(tmp_path), "segments", cut(9)))
    assert {name: row["segment"] for name, row in found.items()} == {
        "a": "power_listeners",
        "b": "new_users",
        "c": "genre_focused",
        "d": "new_users",
    }
    assert [row["since"] for row in found.values()] == [micros(cut(day)) for day in (8, 8, 8, 9)]
    assert not built(tmp_path, rules, 9).changed
    place(tmp_path, 10, filled(a={"plays_7d": 99}).slice(0, 2))
    third = built(tmp_path, rules, 10)
    assert (third.moved, third.left) == (1, 2)


def test_a_fifth_segment_is_one_more_file(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    for path in (root / "configs" / "segments").glob("*.yaml"):
        (rules / path.name).write_bytes(path.read_bytes())
    (rules / "sleepers.yaml").write_text(
        "name: sleepers\norder: 0\nmodel: popularity_blend\n"
        "rules: [{feature: hours_since_play, at_least: 336}]\n"
    )
    assert len(load(rules)) == 5
    place(tmp_path / "features", 8, filled(d={"plays_7d": 0}))
    plain = built(tmp_path / "features", rules, 8)
    assert plain.segments["sleepers"] == 0
    features = filled().to_pylist()
    features[3]["hours_since_play"] = 400.0
    place(tmp_path / "features", 9, pa.Table.from_pylist(features, LISTENING_HISTORY))
    found = built(tmp_path / "features", rules, 9)
    assert (found.segments["sleepers"], found.models["sleepers"]) == (1, "popularity_blend")
    assert sum(found.segments.values()) == 4


def test_there_have_to_be_features(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    rules = str(root / "configs" / "segments")
    with pytest.raises(ValueError, match="holds no listening_history: segue features build"):
        build(str(tmp_path), rules)
    place(tmp_path, 8, filled())
    with pytest.raises(ValueError, match="holds no listening_history as of 2017-11-09T00"):
        build(str(tmp_path), rules, cut(9))
    late = datetime.timedelta(minutes=5)
    with pytest.raises(ValueError, match="not a whole hour"):
        build(str(tmp_path), rules, cut(8) + late)

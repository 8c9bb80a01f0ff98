"""Files of segments: what is accepted, and what an error names."""

from __future__ import annotations

import pathlib

import pytest

from listening.segments import Rule, SegmentsError, load
from listening.segments.rules import FEATURES

REST = "name: rest\norder: 9\nmodel: m\n"


def put(folder: pathlib.Path, **files: str) -> pathlib.Path:
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return folder


def test_the_four_of_the_project(root: pathlib.Path) -> None:
    found = load(root / "configs" / "segments")
    assert [segment.name for segment in found] == [
        *("new_users", "power_listeners", "genre_focused", "casual_listeners"),
    ]
    assert {segment.name: segment.model for segment in found} == {
        "new_users": "explore_heavy",
        "power_listeners": "personalization_deep",
        "genre_focused": "genre_specialist",
        "casual_listeners": "popularity_blend",
    }


def test_they_stand_in_their_order(tmp_path: pathlib.Path) -> None:
    one = "name: b\norder: 1\nmodel: m\nrules: [{feature: plays_7d, at_least: 3}]"
    two = "name: a\norder: 2\nmodel: m\nrules: [{feature: plays_7d, at_most: 0}]"
    found = load(put(tmp_path, b=one, a=two, rest=REST))
    assert [segment.name for segment in found] == ["b", "a", "rest"]
    assert found[0].rules == (Rule(feature="plays_7d", at_least=3),)


def rule(text: str) -> str:
    return f"name: one\norder: 1\nmodel: m\nrules:\n  - {text}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: [", "one.yaml is no YAML: "),
        ("7", "one.yaml holds no keys; accepted are name, order, model, description, rules"),
        ("name: one\nname: one", "the key 'name' stands twice"),
        ("name: two\norder: 1\nmodel: m", "name: 'two' is not the file's, 'one'"),
        ("name: one\norder: 1", "model: it is missing"),
        ("name: one\norder: 1\nmodel: m\ncolour: red", "colour: no such key; accepted are name, "),
        ("name: one\norder: first\nmodel: m", "order: .*, not 'first'"),
        ("name: one\norder: -1\nmodel: m", "order: .*greater than or equal to 0, not -1"),
        ("name: One\norder: 1\nmodel: m", "name: .*, not 'One'"),
        (rule("{feature: plays, at_least: 1}"), "rules.0.feature: choose from days_known, hours_"),
        (rule("{feature: seed_uris, at_least: 1}"), "rules.0.feature: choose from"),
        (rule("{feature: plays_7d}"), "rules.0: give at_least or at_most, or both"),
        (rule("{feature: plays_7d, above: 1}"), "rules.0.above: no such key; accepted are feature"),
        (rule("{feature: plays_7d, at_least: many}"), "rules.0.at_least: .*number.*, not 'many'"),
        (rule("{feature: plays_7d, at_least: .nan}"), "rules.0.at_least: .*finite"),
        (
            rule("{feature: plays_7d, at_least: 3, at_most: 2}"),
            "rules.0: at_least is above at_most",
        ),
        (rule("{feature: plays_7d, at_most: 3, stay_at_least: 2}"), "stay_at_least needs at_least"),
        (
            rule("{feature: plays_7d, at_least: 3, stay_at_least: 4}"),
            "rules.0: stay_at_least is at most 3: staying is easier than coming",
        ),
        (
            rule("{feature: plays_7d, at_most: 3, stay_at_most: 2}"),
            "rules.0: stay_at_most is at least 3: staying is easier than coming",
        ),
    ],
)
def test_an_error_names_the_key_and_what_is_accepted(
    content: str, message: str, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(SegmentsError, match=message):
        load(put(tmp_path, one=content, rest=REST))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no segments: a file NAME.yaml each"),
        ({"one": rule("{feature: plays_7d, at_least: 1}")}, "one, has to have no rules"),
        (
            {"one": "name: one\norder: 1\nmodel: m", "rest": REST},
            "one takes everybody who is left, so its order has to be the last",
        ),
        (
            {"one": rule("{feature: plays_7d, at_least: 1}"), "rest": REST.replace("9", "1")},
            "order: 1 stands in one.yaml and rest.yaml",
        ),
    ],
)
def test_each_listener_is_in_one(
    files: dict[str, str], message: str, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(SegmentsError, match=message):
        load(put(tmp_path, **files))


def test_what_may_be_asked() -> None:
    assert {"days_known", "plays_7d", "skip_rate_28d", "top_genre_share"} < set(FEATURES)
    assert not {"listener_id", "seed_uris", "first_seen", "top_artist_streams"} & set(FEATURES)

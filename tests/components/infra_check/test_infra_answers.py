from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.infra_check import answers, queries
from components.infra_check.answers import Answer
from components.infra_check.queries import Query
from components.infra_check.results import CHECKS, InfraReport, Latency, Report
from schema.documents import parse

A, B, C, D = (b"spotify:track:%s" % letter for letter in (b"a", b"b", b"c", b"d"))
INF = float("-inf")


def answer(uris: list[bytes], scores: list[float], own: tuple[bytes, ...] = ()) -> Answer:
    return Answer(Query("a query", b"", own), np.array(uris, object), np.array(scores, np.float32))


def wrong(given: Answer, catalogue: int = 4) -> dict[str, str]:
    return {check: found for check, found in answers.violations(given, catalogue) if found}


@pytest.mark.parametrize(
    ("uris", "scores", "own"),
    [
        ([A, B, C, D], [4, 3, 3, -1], ()),  # a tie, and a score below zero
        ([A, B, C, b""], [4, 3, 2, INF], (D,)),  # 4 tracks less its own leave 3
        ([A, B, C, D], [4, 3, 2, 1], (b"unknown", b"")),  # padding and unknown ones are no tracks
        ([b"", b"", b"", b""], [INF] * 4, (A, B, C, D)),
        ([A, B, b"", b""], [4, 3, INF, INF], (C, D, C)),
    ],
)
def test_what_the_contract_allows(uris, scores, own):
    assert wrong(answer(uris, scores, own)) == {}


@pytest.mark.parametrize(
    ("uris", "scores", "own", "check", "words"),
    [
        ([A, B, C, D], [4, 3, 2, 1], (C,), "own_tracks", "spotify:track:c"),
        ([A, B, A, A], [4, 3, 2, 1], (), "repeats", "2 tracks more than once"),
        ([A, B, C, D], [4, 2, 3, 1], (), "order", "score 2 at place 2 and then 3"),
        ([A, B, C, D], [4, float("nan"), 3, 1], (), "order", "no number as score at place 2"),
        ([A, B, C, b""], [4, 3, 2, 1], (), "filling", '"" with score 1.0 at place 4'),
        ([A, B, C, D], [4, 3, 2, INF], (), "filling", "spotify:track:d"),
        # Places 3 and 4 are empty though 4 tracks less one leave 3.
        ([A, B, b"", b""], [4, 3, INF, INF], (D,), "filling", "2 tracks, where at least 3"),
        ([A, B, C, D], [float("inf"), 3, 2, 1], (), "filling", "inf at place 1"),
    ],
)
def test_what_the_contract_forbids(uris, scores, own, check, words):
    found = wrong(answer(uris, scores, own))
    assert words in found[check]


def test_every_check_is_reported_once():
    names = [check for check, _ in answers.violations(answer([A], [1]), 1)]
    assert names == ["own_tracks", "repeats", "order", "filling"]
    assert set(names) <= set(CHECKS)


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=20),
    st.lists(st.integers(0, 60), max_size=40),
)
def test_a_ranking_by_the_rules_always_passes_and_one_with_a_seed_never(order, seeds):
    """Ranks `order` without the seeds, filled up; then puts a seed in the first place."""
    own = tuple(b"%d" % seed for seed in seeds)
    ranked = [b"%d" % track for track in order if track not in seeds]
    # The catalogue is `order`; whatever else is among the seeds is unknown.
    fill = len(order) - len(ranked)
    uris = ranked + [b""] * fill
    scores = [float(-place) for place in range(len(ranked))] + [INF] * fill
    assert wrong(answer(uris, scores, own), len(order)) == {}
    if own and uris:
        shown = answer([own[0], *uris[1:]], [1.0, *scores[1:]], own)
        assert "own_tracks" in wrong(shown, len(order))


def test_ties_may_fall_either_way_and_scores_may_not_change():
    one, other = answer([A, B, C], [3, 2, 2]), answer([A, C, B], [3, 2, 2.00001])
    assert answers.difference(one, other) is None
    changed = answers.difference(one, answer([A, B, C], [3, 2.1, 2]))
    assert changed == "gets a track of score 2 at place 2, and one of score 2.1"
    fewer = answers.difference(one, answer([A, B, b""], [3, 2, INF]))
    assert fewer == "gets 3 tracks and 2"


def proto(values: object, dtype: tf.DType) -> object:
    return tf.make_tensor_proto(values, dtype)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (
            {"scores": proto([[1.0]], tf.float32)},
            "output 'track_uris' is missing; there are ['scores']",
        ),
        (
            {"track_uris": proto([[b"a"]], tf.string), "scores": proto([[1]], tf.int32)},
            "scores is int32, not float32",
        ),
        (
            {"track_uris": proto([[b"a", b"b"]], tf.string), "scores": proto([[1.0]], tf.float32)},
            "track_uris has shape [1, 2], not [1, 1]",
        ),
        (
            {"track_uris": proto([b"a"], tf.string), "scores": proto([[1.0]], tf.float32)},
            "track_uris has shape [1], not [1, 1]",
        ),
    ],
)
def test_answers_that_are_no_table(outputs, words):
    with pytest.raises(answers.MisshapenAnswerError) as error:
        answers.read(outputs, [Query("a query")], 1)
    assert words in str(error.value)


def test_rows_go_with_their_queries():
    outputs = {
        "track_uris": proto([[b"a"], [b"b"]], tf.string),
        "scores": proto([[2.0], [1.0]], tf.float32),
    }
    first, second = answers.read(outputs, [Query("one"), Query("two")], 1)
    assert (first.query.label, first.tracks) == ("one", [b"a"])
    assert (second.query.label, second.scores.tolist()) == ("two", [1.0])


def test_percentiles_by_nearest_rank():
    # Of 1..200 the 50 % rank is 100 and the 99 % rank is 198; of two values the second is p99.
    assert Latency.of([float(value) for value in range(200, 0, -1)]) == Latency(200, 100.0, 198.0)
    assert Latency.of([7.0, 3.0]) == Latency(2, 3.0, 7.0)


def test_a_report_without_any_check_refuses_and_says_null():
    written = Report().document()
    assert written.blessed is False
    assert written.reasons[0].startswith("Never checked: card, loads")
    assert {check.passed for check in written.checks} == {None}
    assert written.latency_ms.p99 is None
    assert parse(InfraReport, written.to_json(), "infra_check.json") == (written, [])


def test_a_report_keeps_the_first_problems_only():
    report = Report()
    for index in range(1000):
        report.note("order", f"is wrong the {index}. time", "a query")
    assert report.checks["order"].failed == 1000
    assert report.checks["order"].problems == [f"a query is wrong the {i}. time" for i in range(3)]


def test_junk_goes_between_the_tracks_in_their_order():
    mixed = queries.with_junk(Query("q", b"t", (A, B)))
    assert [uri for uri in mixed.track_uris if uri in (A, B)] == [A, B]
    assert mixed.track_uris[0] == queries.UNKNOWN[0]
    assert set(mixed.track_uris) == {A, B, *queries.UNKNOWN, *queries.MALFORMED}
    assert mixed.name == b"t"


@pytest.mark.parametrize("known", [[A], [b"%d" % i for i in range(300)]])
def test_odd_queries_hold_250_tracks_whatever_the_catalogue(known):
    asked = {query.label: query for query in queries.odd(known)}
    assert len(set(asked["250 tracks"].track_uris)) == 250
    assert set(asked["250 tracks"].track_uris) >= set(known[:250])


@pytest.mark.parametrize("count", [0, 1, 40])
def test_recorded_queries_are_drawn_without_repeats(held_out, count):
    from components.infra_check import recorded

    split = str(held_out / "Split-eval")
    drawn = recorded.sample(split, count, seed=1)
    assert len(drawn) == min(count, 20)
    assert len({query.name for query in drawn}) == len(drawn)
    assert drawn == recorded.sample(split, count, seed=1)
    for query in drawn:
        # As the fixture writes them: playlist i has i % 5 tracks.
        assert len(query.track_uris) == int(query.name.split()[1]) % 5


def test_a_split_without_files_gives_no_query(tmp_path):
    from components.infra_check import recorded

    assert recorded.sample(str(tmp_path), 5, seed=1) == []

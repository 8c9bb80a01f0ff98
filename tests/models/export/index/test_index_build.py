from __future__ import annotations

import functools
import json
import logging
from typing import Any

import numpy as np
import pydantic
import pytest

from models.export import ExportOptions
from models.export.index import recall
from models.export.index.build import LowRecallError, build
from models.export.index.options import IndexOptions
from models.export.index.retriever import IndexRetriever
from models.export.retrieval import BruteForce, Retriever
from tests.models.export.index.index_fixture import NoProducts, Sums, normal
from tests.models.training_fixture import query

VECTORS = normal(1000)
QUERIES = query([[i, i + 1] for i in range(1, 41)])


def built(**options: Any) -> tuple[object, dict[str, Any]]:
    asked = IndexOptions(kind="partitioned", **{"recall_depth": 100, **options})
    return build(Sums(VECTORS), asked, QUERIES, 200, 0)


# For tests that only look at what comes of it.
built_once = functools.cache(built)


def test_brute_force_by_default() -> None:
    retriever, facts = build(Sums(VECTORS), IndexOptions(), None, 100, 0)
    assert isinstance(retriever, BruteForce)
    assert facts == {}


def test_probes_are_chosen_and_recall_is_measured() -> None:
    retriever, facts = built_once(min_recall=0.8)
    assert isinstance(retriever, IndexRetriever)
    # 12 sqrt(1000) = 379.5, so at most ceil(1000 / 380) = 3 in each of 334 or more.
    assert 334 <= facts["partitions"] <= 380
    assert 1 <= facts["probes"] < facts["partitions"]
    assert 0.8 <= facts["recall@100"] < 1
    assert 0 < facts["recall@200"] < facts["recall@100"]
    assert facts["queries"] == 20  # Every other query chooses the probes.
    assert facts["kind"] == "partitioned"
    assert facts["ms_per_query"] > 0
    assert facts["brute_force_ms_per_query"] > 0
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_chance_in_the_choice_of_probes_refuses_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    real = recall.fewest_probes
    chosen: list[int] = []

    def fewest_probes(*args: Any) -> int:
        # The queries that choose would be content with one.
        chosen.append(real(*args) if chosen else 1)
        return chosen[-1]

    monkeypatch.setattr(recall, "fewest_probes", fewest_probes)
    _, facts = built(min_recall=0.8)
    assert facts["probes"] == chosen[1] > 1
    assert facts["recall@100"] >= 0.8


def test_higher_recall_takes_more_probes() -> None:
    few, many = (built_once(min_recall=recall)[1] for recall in (0.6, 0.95))
    assert few["probes"] < many["probes"]
    assert few["recall@100"] < many["recall@100"]


def test_recall_may_be_about_more_tracks() -> None:
    few, many = built_once(min_recall=0.8)[1], built(min_recall=0.8, recall_depth=200)[1]
    assert few["probes"] < many["probes"]
    assert few["recall@200"] < 0.8 <= many["recall@200"]


def test_recall_is_about_all_that_are_recommended_by_default() -> None:
    assert IndexOptions().recall_depth == 500
    asked = IndexOptions(kind="partitioned", min_recall=0.8)
    facts = build(Sums(VECTORS), asked, QUERIES, 50, 0).facts
    assert facts["recall@50"] >= 0.8
    assert [key for key in facts if key.startswith("recall")] == ["recall@50"]


def test_what_is_configured_is_used() -> None:
    _, facts = built(
        partitions=10, probes=10, shortlist=2000, precision="float16", recall_queries=3
    )
    assert (facts["partitions"], facts["probes"], facts["shortlist"]) == (10, 10, 2000)
    assert facts["precision"] == "float16"
    assert facts["recall@100"] > 0.99
    assert facts["queries"] == 40  # None is needed to choose probes.


def test_low_recall_stops() -> None:
    with pytest.raises(LowRecallError, match=r"min_recall is 99.0%.*probes.*on_low_recall"):
        built(probes=1, min_recall=0.99)


def test_low_recall_falls_back_where_that_is_configured(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        retriever, facts = built(probes=1, min_recall=0.99, on_low_recall="brute_force")
    assert isinstance(retriever, BruteForce)
    assert facts["kind"] == "brute_force"
    assert facts["refused"]["probes"] == 1
    assert facts["refused"]["recall@100"] < 0.99
    assert "brute force" in caplog.text


@pytest.mark.parametrize(("seconds", "warned"), [(1.0, True), (0.0, False)])
def test_a_slow_index_is_warned_of(
    seconds: float,
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def ask(retriever: Retriever, *args: Any) -> recall.Answers:
        answers = real(retriever, *args)
        indexed = isinstance(retriever, IndexRetriever)
        return answers._replace(seconds=seconds if indexed else 0.5)

    real = recall.ask
    monkeypatch.setattr(recall, "ask", ask)
    with caplog.at_level(logging.WARNING):
        retriever, _ = built(min_recall=0.8)
    assert isinstance(retriever, IndexRetriever)
    assert ("brute force 500.0 ms" in caplog.text) == warned


@pytest.mark.parametrize("queries", [None, query([]), query([[5]]), query([[], []])])
def test_without_queries_nothing_is_known(queries: Any) -> None:
    options = IndexOptions(kind="partitioned")
    with pytest.raises(LowRecallError, match="no playlists to measure"):
        build(Sums(VECTORS), options, queries, 100, 0)
    options = IndexOptions(kind="partitioned", on_low_recall="brute_force")
    assert isinstance(build(Sums(VECTORS), options, queries, 100, 0).retriever, BruteForce)


def test_scores_that_are_no_dot_products_are_searched_by_brute_force() -> None:
    retriever, facts = build(NoProducts(), IndexOptions(kind="partitioned"), QUERIES, 30, 0)
    assert isinstance(retriever, BruteForce)
    assert facts["kind"] == "brute_force"
    assert "not dot products" in facts["reason"]


def test_vectors_that_are_not_finite_are_refused() -> None:
    vectors = VECTORS.copy()
    vectors[7, 0] = np.nan
    with pytest.raises(ValueError, match="1 of 1000 tracks"):
        build(Sums(vectors), IndexOptions(kind="partitioned"), QUERIES, 100, 0)


def test_the_same_seed_gives_the_same_index() -> None:
    first, second = (
        {key: value for key, value in facts.items() if "ms_per_query" not in key}
        for _, facts in (built_once(min_recall=0.8), built(min_recall=0.8))
    )
    assert first == second


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "scann"},
        {"partitions": 0},
        {"probes": 0},
        {"min_recall": 0},
        {"min_recall": 1.1},
        {"precision": "int4"},
        {"recall_depth": 501},
        {"on_low_recall": "ignore"},
        {"probe": 3},
    ],
)
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError, match=rf"index\.{next(iter(options))}"):
        ExportOptions(index=options)

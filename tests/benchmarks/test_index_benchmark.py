from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from benchmarks import index, index_scorer, index_vectors


@pytest.mark.parametrize("kind", ["clustered", "blurred", "gaussian"])
def test_the_seed_decides_what_is_made(kind: str) -> None:
    make = index_vectors.MAKERS[kind]
    vectors, queries = make(1000, 7, 1)
    assert vectors.shape == (1000, 128)
    assert queries.shape == (7, 128)
    assert vectors.dtype == queries.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.array_equal(vectors, make(1000, 7, 1)[0])
    assert not np.array_equal(vectors, make(1000, 7, 2)[0])


def test_lengths_are_skewed_as_documented() -> None:
    lengths = np.linalg.norm(index_vectors.clustered(20_000, 1, 0)[0], axis=1)
    # 0.28 plus 0.03 in the median, and exp(1.9 * 2.33) = 83.6 times as much at one in a hundred,
    # which is more than the limit of 2.2; at one in ten, exp(1.9 * 1.28) = 11.4 times: 0.62.
    assert np.median(lengths) == pytest.approx(0.31, abs=0.01)
    assert np.percentile(lengths, 90) == pytest.approx(0.62, abs=0.04)
    assert lengths.max() == pytest.approx(2.48, abs=1e-4)


def test_a_case_of_made_up_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_QUERIES", 40)
    monkeypatch.setattr(index, "_REQUESTS", {"single": (1, 8, 2), "batch_of_16": (16, 8, 2)})
    figures = index._made_up("clustered", 2000)
    assert figures["kind"] == "partitioned"
    assert figures["queries"] == 20  # The other half chooses the probes.
    assert figures["recall@100"] >= figures["recall@500"] >= 0.95
    for kind in ("single", "batch_of_16"):
        for unit in ("wall", "cpu"):
            values = [figures[kind][f"{name}_{unit}_ms"] for name in ("index", "brute_force")]
            assert min(values) > 0
            assert figures[kind][f"{unit}_ratio"] > 0


def test_both_answer_the_same_requests() -> None:
    asked: dict[str, list[list[int]]] = {"slow": [], "fast": []}
    sizes = []

    def asking(size: int) -> list[Callable[[Sequence[int]], object]]:
        sizes.append(size)
        return [
            lambda numbers: asked["slow"].append(list(numbers)),
            lambda numbers: asked["fast"].append(list(numbers)),
        ]

    index._timed(asking, [5, 6, 7])
    assert sizes == [rows for _, rows, _ in index._REQUESTS.values()]
    assert asked["slow"] == asked["fast"]
    assert {len(numbers) for numbers in asked["slow"]} == {1, 2, 4, 16}
    assert {number for numbers in asked["slow"] for number in numbers} == {5, 6, 7}


def test_the_scorer_of_given_vectors() -> None:
    vectors = np.array([[1, 0], [0, 2], [3, 3]], np.float32)
    scorer = index_scorer.Asked(vectors, np.array([[1, 1], [0, -1]], np.float32))
    assert scorer.candidate_embeddings().numpy().tolist() == vectors.tolist()
    asked = scorer.ask([1, 0])
    assert scorer.query_embedding(asked).numpy().tolist() == [[0, -1], [1, 1]]
    assert scorer.score(asked).numpy().tolist() == [[0, -2, -3], [1, 2, 6]]
    assert scorer.has_signal(asked).numpy().all()

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import index, index_vectors


@pytest.mark.parametrize("kind", index_vectors.MAKERS)
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


def test_every_number_of_probes_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_QUERIES", 10)
    figures = index._worker("clustered", 2000)
    rows = figures["by_probes"]
    # 4 sqrt(2000) = 178.9 partitions, so 192 probes and more make no sense.
    assert [row["probes"] for row in rows] == [32, 64, 96, 128]
    recalls = [row["recall@100"] for row in rows]
    assert recalls == sorted(recalls)
    assert recalls[-1] > 0.9
    shares = [row["scanned_share"] for row in rows]
    assert shares == sorted(shares)
    assert all(row["index_ms"] > 0 and row["brute_force_ms"] > 0 for row in rows)
    reached = figures["at_recall_0.95"]
    assert reached is None or reached["recall@100"] >= 0.95


def test_recall_by_hand() -> None:
    best = np.arange(500, 0, -1).astype(np.float32)
    # 300 of the best 500, all of the best 100 among them; then 200 worse ones.
    found = np.concatenate([best[:300], np.zeros(200, np.float32)])
    assert index._recalls(found, best) == (1.0, 0.6)

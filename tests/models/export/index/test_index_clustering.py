from __future__ import annotations

import numpy as np
import pytest

from models.export.index import clustering

CORNERS = np.array([[0, 0], [0, 10], [10, 0], [10, 10]], np.float32)


def clouds(seed: int = 0) -> np.ndarray:
    """50 points close to each of four corners."""
    generator = np.random.default_rng(seed)
    return (np.repeat(CORNERS, 50, axis=0) + generator.uniform(-1, 1, (200, 2))).astype(np.float32)


def test_centres_minimise_the_squared_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "_SAMPLE_PER_CENTRE", 50)  # All 200 points.
    points = clouds()
    # Of several starts, since from a bad one k-means does not find all four corners.
    fits = [clustering.find_centres(points, 4, seed) for seed in range(10)]
    best = min(fits, key=lambda c: np.square(points - c[clustering.nearest(points, c)]).sum())
    means = points.reshape(4, 50, 2).mean(axis=1)
    assert best[clustering.nearest(CORNERS, best)] == pytest.approx(means, abs=1e-4)


def test_nearest_by_distance_and_not_by_direction() -> None:
    centres = np.array([[1, 0], [100, 0]], np.float32)
    # 40 is 39 from the first and 60 from the second; 60 is 59 and 40.
    assert clustering.nearest(np.array([[40, 0], [60, 0]], np.float32), centres).tolist() == [0, 1]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points = clouds()
    whole = clustering.nearest(points, CORNERS)
    monkeypatch.setattr(clustering, "_BLOCK_NUMBERS", 28)  # Seven points at once.
    assert clustering.nearest(points, CORNERS).tolist() == whole.tolist()
    assert whole.tolist() == np.repeat(np.arange(4), 50).tolist()


def test_the_seed_decides() -> None:
    points = clouds()
    assert np.array_equal(
        clustering.find_centres(points, 7, 1), clustering.find_centres(points, 7, 1)
    )
    assert not np.array_equal(
        clustering.find_centres(points, 7, 1), clustering.find_centres(points, 7, 2)
    )


@pytest.mark.parametrize(("points", "count", "expected"), [(1, 1, 1), (3, 8, 3), (200, 200, 200)])
def test_no_more_centres_than_vectors(points: int, count: int, expected: int) -> None:
    centres = clustering.find_centres(clouds()[:points], count, 0)
    assert centres.shape == (expected, 2)
    assert np.isfinite(centres).all()


def test_equal_vectors_leave_centres_without_any() -> None:
    points = np.ones((30, 2), np.float32)
    centres = clustering.find_centres(points, 5, 0)
    assert centres == pytest.approx(np.ones((5, 2)))


def test_only_a_sample_is_clustered(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    assign = clustering._assign

    def spy(vectors: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(len(vectors))
        return assign(vectors, centres)

    monkeypatch.setattr(clustering, "_assign", spy)
    clustering.find_centres(clouds(), 3, 0)
    assert set(seen) == {40 * 3}

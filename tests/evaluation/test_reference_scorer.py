"""The tests' own scorer: values by hand, and the challenge's scorer where it is at hand."""

import importlib.util
import random
from math import log2
from pathlib import Path

import numpy as np
import pytest

from evaluation.metrics import Recommendations
from evaluation.metrics.registry import METRICS
from tests.evaluation.reference_scorer import score_playlist

SCORER = Path(__file__).parents[2].parent / "shared/tools/score.py"


def filled(hits, length=500):
    """Recommendations with the track of that name at each rank in `hits`."""
    return [hits.get(rank, f"miss {rank}") for rank in range(1, length + 1)]


def test_hits_at_the_edges_of_every_depth():
    #                 10 counts for all, 11 and 100 for recall@100, 101 and 500 for recall@500.
    recommended = filled({10: "a", 11: "b", 100: "c", 101: "d", 500: "e"})
    found = score_playlist(recommended, ["a", "b", "c", "d", "e", "f", "f", "g", "h"])
    assert found["r_precision"] == 0  # eight tracks are withheld, and the first hit is tenth
    assert found["recall@10"] == 1 / 8
    assert found["recall@100"] == 3 / 8
    assert found["recall@500"] == 5 / 8
    assert found["clicks"] == 0
    dcg = sum(1 / log2(1 + rank) for rank in (10, 11, 100, 101, 500))
    assert found["ndcg"] == pytest.approx(dcg / sum(1 / log2(1 + rank) for rank in range(1, 9)))


@pytest.mark.parametrize(("rank", "clicks"), [(1, 0), (10, 0), (11, 1), (500, 49), (501, 51)])
def test_clicks(rank, clicks):
    assert score_playlist(filled({rank: "a"}), ["a"])["clicks"] == clicks


def test_all_or_nothing():
    ideal = {"r_precision": 1, "ndcg": 1, "clicks": 0, "recall@10": 1, "recall@100": 1}
    assert score_playlist(["a", "b"], ["b", "a"]) == ideal | {"recall@500": 1}
    nothing = dict.fromkeys(ideal, 0) | {"clicks": 51, "recall@500": 0}
    assert score_playlist([], ["a"]) == score_playlist(["b"], ["a"]) == nothing


def test_more_is_withheld_than_can_be_recommended():
    found = score_playlist([f"t{n}" for n in range(500)], [f"t{n}" for n in range(1000)])
    assert found["ndcg"] == 1
    assert found["recall@10"] == 0.01
    assert found["r_precision"] == found["recall@500"] == 0.5


@pytest.fixture(scope="module")
def long_playlists():
    rng = random.Random(0)
    tracks = [f"t{n}" for n in range(2000)]
    return [
        (rng.sample(tracks, rng.choice([0, 1, 99, 499, 500])), rng.choices(tracks, k=length))
        for length in (1, 2, 10, 100, 499, 500, 501, 1500)
        for _ in range(5)
    ]


def test_metrics_agree_on_long_playlists(long_playlists):
    width = max(len(recommended) for recommended, _ in long_playlists)
    table = np.array([(row + [""] * width)[:width] for row, _ in long_playlists], dtype=object)
    batch = Recommendations.from_ids(table, [withheld for _, withheld in long_playlists])
    expected = [score_playlist(*playlist) for playlist in long_playlists]
    for name in expected[0]:
        np.testing.assert_allclose(
            METRICS[name].per_playlist(batch), [row[name] for row in expected], atol=1e-9, rtol=0
        )


@pytest.mark.skipif(not SCORER.exists(), reason="no ../shared/tools/score.py to check against")
def test_the_challenges_own_scorer_agrees(long_playlists):
    spec = importlib.util.spec_from_file_location("score", SCORER)
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    for playlist in long_playlists:
        assert score_playlist(*playlist) == pytest.approx(score.score_playlist(*playlist))

"""What each metric says about itself, which tables, tests and the report go by."""

import numpy as np
import pytest

from evaluation.metrics.recall import HitRate, Recall
from evaluation.metrics.registry import FROM_LISTS, METRICS, TABLE, check_threshold, describe

ARTISTS, POPULARITY, NOTHING = frozenset({"artists"}), frozenset({"popularity"}), frozenset()
#: direction, brief, tested, decimals, binary, span, needs
DESCRIBED = {
    "ndcg": (1, True, True, 4, False, 1, NOTHING),
    "r_precision": (1, True, True, 4, False, 1, NOTHING),
    "r_precision_artist": (1, False, False, 4, False, 1.25, ARTISTS),
    "clicks": (-1, True, True, 2, False, 51, NOTHING),
    "recall@10": (1, False, True, 4, False, 1, NOTHING),
    "recall@100": (1, True, True, 4, False, 1, NOTHING),
    "recall@500": (1, True, True, 4, False, 1, NOTHING),
    "hit_rate@10": (1, False, True, 4, True, 1, NOTHING),
    "mrr": (1, False, False, 4, False, 1, NOTHING),
    "popularity": (None, False, False, 4, False, 1, POPULARITY),
    "novelty": (None, False, False, 2, False, 64, POPULARITY),
    "artist_diversity": (None, False, False, 4, False, 1, ARTISTS),
}
# Of four withheld tracks none or two can be reached, of three all.
TOTAL, REACHABLE = np.array([4, 4, 3]), np.array([0, 2, 3])
#: (1 + 1 / log2(3)) / (1 + 1 / log2(3) + 1 / 2 + 1 / log2(5)) = 1.63093 / 2.56161
CEILINGS = {
    "ndcg": [0, 0.63668, 1],
    "r_precision": [0, 0.5, 1],
    "clicks": [51, 0, 0],
    "recall@10": [0, 0.5, 1],
    "recall@100": [0, 0.5, 1],
    "recall@500": [0, 0.5, 1],
    "hit_rate@10": [0, 1, 1],
    "mrr": [0, 1, 1],
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_describes_itself(name):
    metric = METRICS[name]
    assert (
        metric.direction,
        metric.brief,
        metric.tested,
        metric.decimals,
        metric.binary,
        metric.span,
        metric.needs,
    ) == DESCRIBED[name]
    ceiling = metric.ceiling(TOTAL, REACHABLE)
    if name in CEILINGS:
        assert ceiling == pytest.approx(CEILINGS[name], abs=1e-5)
    else:
        assert ceiling is None


@pytest.mark.parametrize(("name", "best"), [("clicks", 0), ("mrr", 1), ("hit_rate@10", 1)])
def test_one_track_that_can_be_reached_is_enough_for_a_first_hit(name, best):
    assert METRICS[name].ceiling(np.array([4]), np.array([1])) == [best]


def test_coverage_is_watched_and_shown():
    coverage = TABLE["coverage"]
    assert (coverage.direction, coverage.brief, coverage.tested) == (None, True, False)


def test_what_needs_lists_only():
    assert tuple(CEILINGS) == FROM_LISTS


@pytest.mark.parametrize("maker", [Recall.at, HitRate.at])
def test_another_depth_is_not_shown_where_there_is_room_for_few(maker):
    assert not maker(50).brief
    assert maker(50, brief=True).brief
    assert describe(maker(50).name) == maker(50)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [("ndcg", 1.0, 1.001), ("clicks", 50.9, 51.5), ("clicks", 0.0, -1.0), ("recall@50", 0.1, -0.1)],
)
def test_a_threshold_lies_where_means_lie(name, inside, outside):
    check_threshold(name, inside)
    with pytest.raises(ValueError, match=f"{name} lies between 0 and"):
        check_threshold(name, outside)


def test_a_threshold_is_no_nan():
    with pytest.raises(ValueError, match="nan"):
        check_threshold("ndcg", float("nan"))

import json
import math

import numpy as np
import pandas as pd
import pytest

from evaluation.rows import ceiling, cold, metric_columns, reachable_only
from evaluation.summary import estimate, estimates, summarise, summarise_model
from schema.documents import Estimate


def test_mean_and_interval_by_hand():
    # Mean .5, standard deviation .01, n = 3: the interval is .5 ± .043027 / √3.
    rows = pd.DataFrame(
        {"ndcg": [0.49, 0.5, 0.51, np.nan], "mrr": np.nan, "clicks": [np.nan] * 3 + [7]}
    )
    found = estimates(rows)
    assert found["ndcg"].model_dump() == pytest.approx(
        {
            "mean": 0.5,
            "ci_low": 0.5 - 0.04302653 / math.sqrt(3),
            "ci_high": 0.5 + 0.04302653 / math.sqrt(3),
        }
    )
    assert found["mrr"] == Estimate()
    assert found["clicks"] == Estimate(mean=7.0)


def test_two_values_have_an_interval():
    # Mean .5, standard deviation √.5, n = 2: the interval is .5 ± 12.7062 · √.5 / √2.
    expected = {"mean": 0.5, "ci_low": 0.5 - 6.3531, "ci_high": 0.5 + 6.3531}
    assert estimate([0.0, 1.0]).model_dump() == pytest.approx(expected, abs=1e-4)


def test_an_interval_ends_where_the_metric_ends():
    # Two playlists know little: 12.7062 · .7071 / √2 is more than any metric but clicks spans.
    found = estimates(pd.DataFrame({"ndcg": [0.0, 1.0], "clicks": [0.0, 1.0]}))
    assert (found["ndcg"].ci_low, found["ndcg"].ci_high) == (0, 1)
    assert (found["clicks"].ci_low, found["clicks"].ci_high) == (0, pytest.approx(6.8531, abs=1e-4))


def test_a_models_intervals_are_of_95_percent_by_default():
    rows = hand_rows()
    assert summarise_model(rows).overall == estimates(rows, 0.95)


def test_what_is_not_finite_is_left_out():
    assert estimate([]) == estimate([math.nan]) == Estimate()
    assert estimate([0.5, math.inf]) == Estimate(mean=0.5)


def hand_rows():
    # Of 4 withheld tracks 1 is unreachable, of 2 both, of 2 none.
    return pd.DataFrame(
        {
            "model": "als",
            "split": "test",
            "pid": ["1", "2", "3"],
            "scenario": ["title", "first5", "first5"],
            "num_seeds": [0, 5, 5],
            "num_holdouts": [4, 2, 2],
            "length": [4, 7, 7],
            "unreachable": [1, 2, 0],
            "ndcg": [0.4, 0.0, 0.5],
            "recall@10": [0.5, 0.0, 0.5],
            "r_precision": [0.25, 0.0, 0.5],
            "clicks": [0.0, 51.0, 1.0],
        }
    )


def test_what_was_possible_by_hand():
    limits = ceiling(hand_rows())
    assert limits["recall@10"].tolist() == limits["r_precision"].tolist() == [0.75, 0, 1]
    gains = [1 / math.log2(rank + 1) for rank in range(1, 5)]
    assert limits["ndcg"].tolist() == pytest.approx([sum(gains[:3]) / sum(gains), 0, 1])
    assert limits["clicks"].tolist() == [0, 51, 0]
    assert list(limits) == ["ndcg", "r_precision", "clicks", "recall@10"]
    # The first k places are a limit of their own.
    many = hand_rows().assign(num_holdouts=40, unreachable=[1, 35, 40])
    assert ceiling(many)["recall@10"].tolist() == [10 / 40, 5 / 40, 0]


def test_reachable_only_by_hand():
    found = reachable_only(hand_rows())
    assert found["pid"].tolist() == ["1", "3"]  # nothing of the second could be found
    assert found["recall@10"].tolist() == pytest.approx([0.5 / 0.75, 0.5])  # 2 of 3, 1 of 2
    assert found["clicks"].tolist() == [0, 1]


def test_models_of_metrics_json():
    rows = hand_rows()
    found = summarise(
        rows,
        split="test",
        catalogue_level={"als": {"coverage": 0.3}},
        fit_seconds={"als": 12.5},
    )["als"]
    assert found.playlists == 3
    assert found.fit_seconds == 12.5
    assert found.overall["coverage"] == Estimate(mean=0.3)
    assert found.overall["recall@10"].mean == pytest.approx(1 / 3)
    assert list(found.scenarios) == ["title", "first5"]
    assert found.scenarios["first5"]["clicks"].mean == 26
    assert found.cold["recall@10"].mean == 0.5
    assert found.warm["recall@10"].mean == 0.25
    assert found.reachable["recall@10"].mean == pytest.approx((0.5 / 0.75 + 0.5) / 2)
    assert found.ceiling["recall@10"] == pytest.approx(1.75 / 3)
    assert found.unreachable_share == pytest.approx(3 / 8)
    json.dumps(found.model_dump(), allow_nan=False)


def test_models_keep_their_order_and_splits_apart(make_rows):
    rows = make_rows({"b": (0.3, 0.01), "a": (0.1, 0.01)})
    assert list(summarise(rows, split="eval")) == ["b", "a"]
    with pytest.raises(ValueError, match="no rows of split 'test'"):
        summarise(rows, split="test")


def test_rows_without_details():
    rows = pd.DataFrame({"model": ["a"], "pid": ["1"], "scenario": ["title"], "ndcg": [0.5]})
    found = summarise(rows)["a"]
    assert found.reachable is None
    assert found.cold["ndcg"].mean == 0.5
    assert cold(rows).tolist() == [True]


def test_metric_columns_in_the_order_of_tables():
    rows = pd.DataFrame(columns=["recall@20", "pid", "clicks", "ndcg", "recall@many"])
    assert metric_columns(rows) == ["ndcg", "clicks", "recall@20"]

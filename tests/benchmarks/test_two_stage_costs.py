from __future__ import annotations

import numpy as np
import pytest

from benchmarks import two_stage_costs


def test_a_model_twice_as_slow_has_a_ratio_of_two_and_an_interval_around_it() -> None:
    before = np.random.default_rng(0).uniform(0.01, 0.02, 400)
    found = two_stage_costs.compared(np.stack([before, 2 * before], axis=1))
    assert found["p50_ratio"] == found["p99_ratio"] == 2.0
    assert found["p50_ratio_low"] <= 2.0 <= found["p50_ratio_high"]
    assert found["now_p50_ms"] == pytest.approx(2 * found["before_p50_ms"], abs=0.01)


def test_few_slow_requests_are_seen_in_the_99th_percentile_alone() -> None:
    seconds = np.full((200, 2), 0.01)
    seconds[:5, 1] = 0.05
    found = two_stage_costs.compared(seconds)
    assert found["p50_ratio"] == 1.0
    assert found["p99_ratio"] == 5.0

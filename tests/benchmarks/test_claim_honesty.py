"""The laws have the mean and the skewness that they say; rates are counted right."""

import numpy as np
import pytest
from scipy import stats

from benchmarks import claim_honesty
from benchmarks.claim_honesty import LAWS


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_as_it_says(name):
    law = LAWS[name]
    values = law.draw(np.random.default_rng(1), (1, 1_000_000)).ravel()
    assert values.mean() == pytest.approx(0, abs=max(5 * values.std() / 1000, 1e-12))
    if law.skewness is not None:
        assert stats.skew(values) == pytest.approx(law.skewness, rel=0.1, abs=0.02)


def test_rates_are_counted(monkeypatch):
    up = claim_honesty.Law(0.0, lambda rng, shape: rng.normal(0.1, 0.01, shape))
    monkeypatch.setattr(claim_honesty, "LAWS", {"always better": up})
    found = claim_honesty.measure(comparisons=5, sizes=(20,))
    rates = found["claims"]["always better"]["playlists"]["20"]
    assert (rates["claimed"], rates["wilcoxon"]) == (1.0, 1.0)
    assert rates["ci_low"] < 1 <= rates["ci_high"] + 1e-9
    assert 0 <= found["power"]["20"] <= 1

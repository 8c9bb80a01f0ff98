import numpy as np
import pandas as pd
import pytest

from evaluation.scenarios import SCENARIOS


@pytest.fixture
def make_rows():
    """Per-playlist rows of made-up models: name -> (mean of ndcg, noise beside the first's)."""

    def make(models, playlists=300, seed=0, split="eval"):
        rng = np.random.default_rng(seed)
        hardness = rng.beta(2, 2, playlists)
        scenarios = [SCENARIOS[i % len(SCENARIOS)] for i in range(playlists)]
        tables = []
        for name, (mean, noise) in models.items():
            ndcg = np.clip(2 * mean * hardness + rng.normal(0, noise, playlists), 0, 1)
            table = pd.DataFrame(
                {
                    "model": name,
                    "split": split,
                    "pid": [str(i) for i in range(playlists)],
                    "scenario": [scenario.name for scenario in scenarios],
                    "holdout_hash": [f"{i:016x}" for i in range(playlists)],
                    "num_seeds": [scenario.seeds for scenario in scenarios],
                    "num_holdouts": 20,
                    "length": [20 + scenario.seeds for scenario in scenarios],
                    "unreachable": 4,
                    "ndcg": ndcg,
                    "r_precision": 0.6 * ndcg,
                    "clicks": np.floor(10 * (1 - ndcg)),
                    "recall@500": 0.8 * ndcg,
                    "hit_rate@10": (ndcg > 0.3).astype(float),
                    "popularity": 0.02,
                }
            )
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    return make

from __future__ import annotations

from models.families.popularity.model import fit
from models.families.popularity.params import Params
from tests.models.training_fixture import query, training_data


def test_counts_playlists_whatever_is_asked() -> None:
    data, _ = training_data([("a", [0, 1]), ("b", [1]), ("c", [1, 2, 0])])
    scorer = fit(data, Params(), 0, "").scorer
    # Track 1 is in three playlists and so has id 0; then 0 in two, 2 in one.
    assert scorer.score(query([[], [0, 2]])).numpy().tolist() == [[3, 2, 1], [3, 2, 1]]
    assert not scorer.uses_title

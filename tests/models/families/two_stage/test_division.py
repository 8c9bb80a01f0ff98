from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.families.two_stage.division import Division, Fold
from models.families.two_stage.params import RankingParams
from tests.models.training_fixture import two_genres

# 202 playlists.
DATA, _ = two_genres(80, 200, 10)
TRACKS = np.array(DATA.catalogue.track_uris)


def divide(stop: np.ndarray | None = None, seed: int = 3, **params: float) -> list[Fold]:
    data = DATA if stop is None else dataclasses.replace(DATA, stop=stop)
    return list(Division(data, RankingParams(**params), seed))


def test_every_playlist_is_held_out_once() -> None:
    folds = divide(holdout_share=0.34, cuts=1, title_cuts=0)
    assert [len(fold.held_out) for fold in folds] == [68, 67, 67]
    assert [len(fold.data.train) for fold in folds] == [134, 135, 135]
    for fold in folds:
        # Counts are those of the part that is fitted: every track there is in some playlist of it.
        counts = np.bincount(fold.data.train.track_ids.values)
        np.testing.assert_array_equal(fold.data.catalogue.counts, counts)


def test_one_fold_is_enough_for_few_playlists() -> None:
    (fold,) = divide(max_playlists=60, cuts=2, title_cuts=1)
    assert len(fold.held_out) == 3 * 60
    assert len(fold.data.train) == 202 - 60


def test_the_last_cuts_show_titles_alone() -> None:
    (fold,) = divide(max_playlists=60, cuts=2, title_cuts=1)
    seeds, targets = fold.held_out.track_ids, fold.held_out.targets
    titles = fold.held_out.scenarios == "title"
    assert titles[120:].all()
    assert not titles[:120].all()
    assert not seeds.lengths[120:].any()
    # All but two of all playlists have titles.
    assert (fold.held_out.title_ngram_ids.lengths[120:] > 0).sum() >= 58
    for row in range(len(seeds)):
        assert not set(seeds.row(row)) & set(targets.row(row))
        assert fold.held_out.num_targets[row]
    # Cuts of the same playlist differ.
    assert any(seeds.row(row).tolist() != seeds.row(row + 60).tolist() for row in range(60))


def test_playlists_of_stop_come_first_and_leave_the_rest_to_teach() -> None:
    few = divide(np.arange(5), max_playlists=60, cuts=2, title_cuts=1)
    assert sum(fold.stop.sum() for fold in few) == 3 * 5
    # Of many, a quarter of what is held out; the others are playlists like those of train.
    many = divide(np.arange(150), max_playlists=100, cuts=1, title_cuts=0)
    assert len(many) == 2
    assert sum(fold.stop.sum() for fold in many) == 25
    assert all(fold.stop.any() for fold in many)
    assert all(fold.stop.shape == (len(fold.held_out),) for fold in many)


@pytest.mark.parametrize(
    "params", [{"min_playlists": 1000}, {"holdout_share": 0.001}, {"max_playlists": 49}]
)
def test_too_few_playlists_have_no_folds(params: dict[str, float]) -> None:
    assert divide(**params) == []


def test_the_seed_decides() -> None:
    one, again, other = (divide(seed=seed, max_playlists=60)[0].held_out for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.track_ids.values, again.track_ids.values)
    assert one.track_ids.values.tolist() != other.track_ids.values.tolist()

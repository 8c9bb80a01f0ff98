from __future__ import annotations

import numpy as np
import pytest

from benchmarks import ablation, big_catalogue, held_out
from models import families
from models.data import Vocabularies

DATA = big_catalogue.training_data(tracks=40, artists=9, albums=12, ngrams=20, playlists=30, seed=0)
VOCABULARIES = Vocabularies([b"track"], [b"artist"], [b"ngram"])
NAMES = (held_out.REAL, held_out.SYNTHETIC)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_one_that_the_family_accepts(name: str) -> None:
    family = families.family("two_tower")
    made = set()
    for base in ablation.bases(name, {"factors": 8, "start": {"alpha": 30.0}}):
        expected = family.params(base.params)
        made.add(expected)
        for variant in base.variants:
            params = family.params(ablation.merged(base.params, variant.changes))
            # What hides data changes no parameter, and everything else does.
            assert (params == expected) == (variant.hidden is not None)
            assert params.start.alpha == 30.0  # type: ignore[attr-defined]
    assert len(made) == len(ablation.bases(name, {}))


def test_every_feature_of_the_issue_is_there() -> None:
    features = {
        variant.feature
        for name in NAMES
        for base in ablation.bases(name, {})
        for variant in base.variants
    }
    assert features == {
        *("title", "artists", "albums", "popularity", "followers", "start", "loss"),
        "dropout of seeds",
    }


def test_values_are_merged_below_a_key() -> None:
    values = {"start": {"alpha": 1, "method": "als"}, "epochs": 2}
    merged = ablation.merged(values, {"start": {"alpha": 3}, "factors": 4})
    assert merged == {"start": {"alpha": 3, "method": "als"}, "epochs": 2, "factors": 4}
    assert values["start"] == {"alpha": 1, "method": "als"}
    assert ablation.merged({}, {"start": {"alpha": 3}}) == {"start": {"alpha": 3}}


def test_what_is_hidden_is_nowhere_left() -> None:
    playlists = held_out.HeldOut("", DATA, VOCABULARIES, [], np.zeros(0, object))
    assert ablation.without(playlists, None) is playlists
    untitled = ablation.without(playlists, "titles")
    assert len(untitled.data.train.title_ngram_ids) == len(DATA.train)
    assert not len(untitled.data.train.title_ngram_ids.values)
    assert untitled.data.num_title_ngrams == 0
    assert untitled.vocabularies.title_ngrams == []
    assert untitled.data.num_artists == DATA.num_artists
    without_artists = ablation.without(playlists, "artists")
    assert set(without_artists.data.catalogue.artist_ids) == {-1}
    assert without_artists.data.num_artists == 0
    assert without_artists.vocabularies.artists == []


def test_summary_by_hand() -> None:
    runs = [
        {
            "ndcg": np.array(ndcg),
            "r_precision": np.array([0.1, 0.3]),
            "seconds": s,
            "cpu_seconds": 4,
        }
        for ndcg, s in (([0.2, 0.4], 1), ([0.3, 0.5], 2), ([0.4, 0.6], 6))
    ]
    found = ablation.summary(runs, np.array([True, False]))
    # Means of .3, .4 and .5, which lie .1 apart; of the first playlist alone .2, .3 and .4.
    assert (found["ndcg"], found["ndcg_deviation"]) == (0.4, 0.1)
    assert (found["title_only_ndcg"], found["title_only_ndcg_deviation"]) == (0.3, 0.1)
    assert (found["r_precision"], found["r_precision_deviation"]) == (0.2, 0.0)
    assert (found["seconds"], found["cpu_seconds"]) == (3.0, 4.0)


def test_difference_is_paired() -> None:
    values = np.linspace(0, 1, 50)
    # By .009 and .011 in turn: what the playlists differ in among themselves takes no part.
    found = ablation.difference(values + np.tile([0.009, 0.011], 25), values)
    assert found["difference"] == 0.01
    assert 0.009 < found["difference_low"] < 0.01 < found["difference_high"] < 0.011


def test_about_eight_of_a_hundred_are_held_out_whatever_the_data() -> None:
    chosen = [held_out.is_held_out(str(pid).encode()) for pid in range(10_000)]
    assert 700 < sum(chosen) < 900
    assert chosen[:50] == [held_out.is_held_out(str(pid).encode()) for pid in range(50)]

from __future__ import annotations

import pydantic
import pytest

from models import families
from models.families.two_tower.params import Params


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"factors": 0}, "factors"),
        ({"second_factors": -1}, "second_factors"),
        ({"start": {"method": "word2vec"}}, "start.method"),
        ({"start": {"alfa": 1}}, "start.alfa"),
        ({"trained": ["everything"]}, "trained.0"),
        ({"seed_counts": []}, "seed_counts"),
        ({"seed_counts": [0]}, "seed_counts.0"),
        ({"title_share": 1.5}, "title_share"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"named_artists": {"prior_whole": 1.1}}, "named_artists.prior_whole"),
        ({"named_artists": {"prior_strength": 0}}, "named_artists.prior_strength"),
        ({"named_artists": {"bonuses": []}}, "named_artists.bonuses"),
        ({"named_artists": {"bonuses": [0.3, -0.1]}}, "named_artists.bonuses.1"),
        ({"leaning_rate": 1}, "leaning_rate"),
    ],
)
def test_bad_values_are_named(values: dict, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        families.family("two_tower").params(values)


def test_fold_in_needs_als() -> None:
    with pytest.raises(pydantic.ValidationError, match="set fold_in to false"):
        Params(start={"method": "svd"})
    assert Params(start={"method": "svd"}, fold_in=False).start.method == "svd"


def test_defaults_survive_json() -> None:
    assert Params(**Params().model_dump(mode="json")) == Params()

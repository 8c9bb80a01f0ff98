from __future__ import annotations

from typing import Any

import pytest

from models.families import registry
from models.families.search_space import Choice, Real, around, merged, tuned_values


def names(family: str, **params: Any) -> set[str]:
    found = registry.family(family)
    return {dimension.name for dimension in found.search_space(found.params(params))}


def test_what_has_no_effect_is_not_tuned() -> None:
    assert "learning_rate" in names("two_tower", epochs=1)
    assert "learning_rate" not in names("two_tower", epochs=0)
    assert "learning_rate" not in names("two_tower", trained=[])
    assert "title_strength" not in names("two_tower", fold_in=False)
    svd = names("two_tower", fold_in=False, start={"method": "svd"})
    assert not {"start.alpha", "start.regularization"} & svd
    assert "start.popularity_damping" in svd
    random = names("two_tower", fold_in=False, start={"method": "random"}, epochs=3)
    assert random == {"factors", "learning_rate"}
    assert not {"start.album_weight", "start.followers_weight"} & names("two_tower")
    used = names("two_tower", start={"album_weight": 0.5, "followers_weight": 0.1})
    assert {"start.album_weight", "start.album_share", "start.followers_weight"} <= used
    assert "second_factors" not in names("two_tower")
    assert "second_factors" in names("two_tower", second_factors=64)
    assert names("item_knn", similarity="cosine") == {"neighbours"}


def test_a_family_without_a_space_has_nothing_to_tune() -> None:
    assert (
        registry.family("popularity").search_space(registry.family("popularity").params({})) == ()
    )
    with pytest.raises(ValueError, match="choose from"):
        registry.family("alss").search_space(registry.family("alss").params({}))


def test_a_space_is_widened_to_hold_what_is_configured() -> None:
    space = (Choice("n", (2, 8)), Real("a.b", 0.0, 1.0), Real("rate", 0.1, 1.0, log=True))
    widened, values = around(space, {"n": 4, "a": {"b": 3.0}, "rate": 0.5, "other": 1})
    assert widened == (Choice("n", (2, 4, 8)), Real("a.b", 0.0, 3.0), space[2])
    assert values == {"n": 4, "a.b": 3.0, "rate": 0.5}


def test_what_is_fixed_or_off_is_left_out() -> None:
    space = (Choice("n", (2, 8)), Real("rate", 0.1, 1.0, log=True), Real("b", 0.1, 1.0))
    left, values = around(space, {"n": 2, "rate": 0.0, "b": 0.0}, fixed=["n"])
    assert left == (Real("b", 0.0, 1.0),)
    assert values == {"b": 0.0}


def test_values_are_merged_where_they_belong() -> None:
    params = {"factors": 1, "start": {"alpha": 2.0, "method": "als"}}
    found = merged(params, {"factors": 3, "start.alpha": 4.0})
    assert found == {"factors": 3, "start": {"alpha": 4.0, "method": "als"}}
    assert params == {"factors": 1, "start": {"alpha": 2.0, "method": "als"}}
    assert merged({}, {"start.alpha": 4.0}) == {"start": {"alpha": 4.0}}


def test_without_a_search_nothing_is_tuned() -> None:
    assert tuned_values(None) == {}
    assert tuned_values({"space": [], "values": {"factors": 8}}) == {"factors": 8}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Real("x", 1.0, 1.0),
        lambda: Real("x", 0.0, float("inf")),
        lambda: Real("x", 0.0, 1.0, log=True),
        lambda: Choice("x", (1,)),
        lambda: Choice("x", (2, 1)),
        lambda: Choice("x", (1, 1)),
    ],
)
def test_a_dimension_without_a_range_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="x: "):
        make()

"""Towers, and a second stage that trades accuracy for what is new and for variety."""

from models.families.definition import Family, imported
from models.families.explore_heavy.params import Params

FAMILY = Family(
    name="explore_heavy",
    params_type=Params,
    fit=imported("models.families.explore_heavy.model:fit"),
    built_on=("two_tower",),
    dot_product=True,
    test_params={"retrieval": {"factors": 16, "epochs": 0}},
)

__all__ = ["FAMILY", "Params"]

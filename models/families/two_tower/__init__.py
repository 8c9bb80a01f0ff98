"""A two-tower model: one vector a playlist, one a track, started in closed form, then trained."""

from models.families.definition import Family, imported
from models.families.two_tower.params import Params, search_space

FAMILY = Family(
    name="two_tower",
    params_type=Params,
    fit=imported("models.families.two_tower.model:fit"),
    fit_from=imported("models.families.two_tower.model:fit_from"),
    starts_from=("two_stage",),
    search_space=search_space,
    dot_product=True,
    takes_cold=True,
    test_params={"factors": 16, "epochs": 1},
)

__all__ = ["FAMILY", "Params", "model", "scorer", "search_space"]

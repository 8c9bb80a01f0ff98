"""Two stages for listeners of whom much is known: plays, their order and features count too."""

from models.families.definition import Family, imported
from models.families.personalization_deep.params import Params
from models.families.two_stage import FAMILY as TWO_STAGE
from models.families.two_stage import search_space

FAMILY = Family(
    name="personalization_deep",
    params_type=Params,
    fit=imported("models.families.two_stage.model:fit"),
    search_space=search_space,
    built_on=("two_tower",),
    dot_product=True,
    test_params=TWO_STAGE.test_params,
)

__all__ = ["FAMILY", "Params"]

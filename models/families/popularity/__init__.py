"""The most popular tracks, for everyone."""

from models.families.definition import Family, imported
from models.families.popularity.params import Params

FAMILY = Family(
    name="popularity",
    params_type=Params,
    fit=imported("models.families.popularity.model:fit"),
    is_baseline=True,
    personal=False,
)

__all__ = ["FAMILY", "Params"]

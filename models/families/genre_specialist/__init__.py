"""A factorisation that keeps to the clusters of tracks in which a listener is at home."""

from models.families.definition import Family, imported
from models.families.genre_specialist.params import Params

FAMILY = Family(
    name="genre_specialist",
    params_type=Params,
    fit=imported("models.families.genre_specialist.model:fit"),
    built_on=("als",),
    test_params={"factors": {"factors": 16}, "clusters": 4},
)

__all__ = ["FAMILY", "Params"]

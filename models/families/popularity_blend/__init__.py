"""What is popular of late, blended with a factorisation the more, the longer the history is."""

from models.families.definition import Family, imported
from models.families.popularity_blend.params import Params

FAMILY = Family(
    name="popularity_blend",
    params_type=Params,
    fit=imported("models.families.popularity_blend.model:fit"),
    reads_trend=True,
    test_params={"factors": {"factors": 16}, "pivot": 1},
)

__all__ = ["FAMILY", "Params"]

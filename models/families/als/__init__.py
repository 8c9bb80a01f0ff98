"""Alternating least squares on implicit feedback, with new playlists folded in when asked."""

from models.families.als.params import Params, search_space
from models.families.definition import Family, imported

FAMILY = Family(
    name="als",
    params_type=Params,
    fit=imported("models.families.als.model:fit"),
    fit_from=imported("models.families.als.model:fit_from"),
    search_space=search_space,
    is_baseline=True,
    dot_product=True,
    takes_cold=True,
    test_params={"factors": 16},
)

__all__ = ["FAMILY", "Params", "model"]

"""Tracks that share playlists with the seeds."""

from models.families.definition import Family, imported
from models.families.item_knn.params import Params, search_space

FAMILY = Family(
    name="item_knn",
    params_type=Params,
    fit=imported("models.families.item_knn.model:fit"),
    search_space=search_space,
    is_baseline=True,
    test_params={"neighbours": 50},
)

__all__ = ["FAMILY", "Params"]

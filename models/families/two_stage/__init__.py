"""Two stages: two towers retrieve candidates, and a small network ranks them again."""

from models.families.definition import Family, imported
from models.families.two_stage.params import Params, search_space

FAMILY = Family(
    name="two_stage",
    params_type=Params,
    fit=imported("models.families.two_stage.model:fit"),
    fit_from=imported("models.families.two_stage.model:fit_from"),
    starts_from=("two_tower",),
    search_space=search_space,
    built_on=("two_tower",),
    dot_product=True,
    test_params={
        "retrieval": {"factors": 16, "epochs": 0},
        # One fold, where there are no more than two times as many playlists.
        "ranking": {
            "epochs": 2,
            "cuts": 1,
            "min_playlists": 10,
            "max_playlists": 60,
            "holdout_share": 0.5,
        },
    },
)

__all__ = ["FAMILY", "Params", "search_space"]

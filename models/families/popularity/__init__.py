"""The most popular tracks, for everyone: of all playlists, or of the last days' streams."""

from models.families.definition import Family, imported
from models.families.popularity.params import Params

FAMILY = Family(
    name="popularity",
    params_type=Params,
    fit=imported("models.families.popularity.model:fit"),
    is_baseline=True,
    personal=False,
    reads_trend=True,
)

__all__ = ["FAMILY", "Params"]

"""What a family learns from: playlists as ids, the catalogue, vocabularies."""

from models.data.loading import load_training_data
from models.data.playlists import Catalogue, HeldOutPlaylists, Playlists, Query, TrainingData
from models.data.ragged import Ragged
from models.data.vocabularies import Vocabularies

__all__ = [
    "Catalogue",
    "HeldOutPlaylists",
    "Playlists",
    "Query",
    "Ragged",
    "TrainingData",
    "Vocabularies",
    "artist_names",
    "holding_out",
    "load_training_data",
    "side_tables",
    "validation",
]

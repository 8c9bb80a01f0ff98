"""The feature store: features of a past time for training, and the newest ones for serving."""

from listening.store.places import STORES, PlaceError, open_store
from listening.store.port import EVENT_TIME, FeatureStore, OlderSpaceError, Pushed
from listening.store.views import plain

__all__ = [
    "EVENT_TIME",
    "STORES",
    "FeatureStore",
    "OlderSpaceError",
    "PlaceError",
    "Pushed",
    "open_store",
    "plain",
]

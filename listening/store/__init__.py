"""The feature store: features of a past time for training, and the newest ones for serving."""

from listening.store.port import (
    EVENT_TIME,
    STORES,
    FeatureStore,
    OlderSpaceError,
    Pushed,
    open_store,
)

__all__ = ["EVENT_TIME", "STORES", "FeatureStore", "OlderSpaceError", "Pushed", "open_store"]

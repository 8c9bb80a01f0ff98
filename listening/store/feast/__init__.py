"""A store of Feast's: DuckDB or BigQuery offline, Redis online; Feast runs elsewhere."""

from listening.store.feast.place import Place
from listening.store.feast.store import FeastStore, open_store

__all__ = ["FeastStore", "Place", "open_store"]

"""A store without a service: Parquet files joined by DuckDB, and SQLite for what is served."""

from listening.store.embedded.store import EmbeddedStore, Place, open_store

__all__ = ["EmbeddedStore", "Place", "open_store"]

"""The contracts: features, rows, the documents of a run, and the schema of playlists."""

__all__ = [
    "artifacts",
    "curated",
    "documents",
    "features",
    "files",
    "layout",
    "locks",
    "model_card",
    "options",
    "output_lock",
    "published",
    "requests",
    "rows",
    "scores",
    "signatures",
    "splits",
    "spreadsheets",
    "status",
    "texts",
    "track_uris",
]

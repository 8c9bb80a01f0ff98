"""What became of runs and versions, out of ML Metadata, and the deletion of what is old."""

from pipeline.lifecycle.metadata import MetadataError

__all__ = [
    "MetadataError",
    "catalogue",
    "collection",
    "lineage",
    "metadata",
    "protection",
    "provenance",
    "runs",
]

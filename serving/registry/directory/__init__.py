"""A registry in a local directory: the embedded default."""

from serving.registry.directory.adapter import DirectoryRegistry, open_registry
from serving.registry.directory.tracker import DirectoryTracker, open_tracker

__all__ = ["DirectoryRegistry", "DirectoryTracker", "open_registry", "open_tracker"]

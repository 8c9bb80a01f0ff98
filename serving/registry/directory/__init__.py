"""A registry in a local directory: the embedded default."""

from serving.registry.directory.adapter import DirectoryRegistry, open_registry

__all__ = ["DirectoryRegistry", "open_registry"]

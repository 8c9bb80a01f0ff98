"""Makes a pushed model known to the registry."""

__all__ = ["component", "options"]

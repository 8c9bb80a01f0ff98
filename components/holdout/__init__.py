"""Withholds tracks of held-out playlists, before anything that learns can see them."""

__all__ = ["component", "examples", "options"]

"""A synthetic world: playlists in the format of the Million Playlist Dataset, and listeners."""

__all__ = ["generator", "listeners"]

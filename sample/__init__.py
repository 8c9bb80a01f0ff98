"""Synthetic playlists in the format of Spotify's Million Playlist Dataset."""

__all__ = ["generator"]

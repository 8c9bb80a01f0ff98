"""Tracks that share playlists with the seeds."""

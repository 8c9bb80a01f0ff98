"""The curated schema of playlists, as package data."""

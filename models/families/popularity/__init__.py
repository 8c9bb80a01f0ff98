"""The most popular tracks, for everyone."""
